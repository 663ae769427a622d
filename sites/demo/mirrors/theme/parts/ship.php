<?php
/**
 * A ship on its slipway.
 *
 * @package Shipyard
 */

?>
<svg class="ship" viewBox="0 0 360 230" aria-hidden="true">
	<g fill="none" stroke="#8fb8d1" stroke-width="3" opacity=".55">
		<path d="M300 205V28M300 34h-118M300 34h46M318 205V34M300 60l18 20-18 20 18 20-18 20 18 20-18 20"/>
		<path d="M200 34v44M300 28l-84 6M300 28l40 6"/>
	</g>
	<path d="M176 78h48v26h-48z" fill="#e0603a"/>
	<g transform="rotate(4 170 170)">
		<path d="M118 106h92v38h-92z" fill="#f4f8fa"/>
		<path d="M140 74h46v32h-46z" fill="#dfeaf1"/>
		<path d="M152 46h20v28h-20z" fill="#e0603a"/>
		<path d="M152 52h20v7h-20z" fill="#fff"/>
		<g fill="#12395b"><circle cx="134" cy="124" r="5"/><circle cx="154" cy="124" r="5"/><circle cx="174" cy="124" r="5"/><circle cx="194" cy="124" r="5"/></g>
		<path d="M40 142h236l-22 48q-4 8-14 8H84q-10 0-16-8z" fill="#0b2239" stroke="#a9c8da" stroke-width="2"/>
		<path d="M57 172h206l-9 18q-4 8-14 8H84q-10 0-16-8z" fill="#e0603a"/>
	</g>
	<path d="M20 200l320 18" stroke="#8fb8d1" stroke-width="5"/>
</svg>
<svg class="waves" viewBox="0 0 1200 76" preserveAspectRatio="none" aria-hidden="true">
	<path d="M0 40q75-24 150 0t150 0 150 0 150 0 150 0 150 0 150 0 150 0v36H0z" fill="#5d93b3" opacity=".45"/>
	<path d="M0 54q60-18 120 0t120 0 120 0 120 0 120 0 120 0 120 0 120 0 120 0 120 0v22H0z" fill="#eef4f8"/>
</svg>
