<?php
/**
 * The bottom of every page.
 *
 * @package Shipyard
 */

?>
<footer class="colophon">
	<div class="inside">
		<strong><?php bloginfo( 'name' ); ?></strong>
		<span>Every page here came down the slipway: built once, verified on staging, promoted as it was.</span>
		<span class="edition"><?php echo esc_html( shipyard_edition() ); ?></span>
	</div>
</footer>
<?php wp_footer(); ?>
</body>
</html>
