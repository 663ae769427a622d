<?php
/**
 * Words that the theme puts on its pages; needs nothing of WordPress.
 *
 * @package Shipyard
 */

/**
 * How long a text takes to read, in words.
 *
 * @param string $html The text, with its markup.
 */
function shipyard_reading_time( string $html ): string {
	$words   = preg_split( '/\s+/u', trim( strip_tags( $html ) ), -1, PREG_SPLIT_NO_EMPTY );
	$minutes = max( 1, (int) round( count( $words ) / 220 ) );
	return 1 === $minutes ? 'a minute’s read' : "$minutes minutes’ read";
}

/**
 * The line of `edition.txt`, which the footer shows.
 */
function shipyard_edition(): string {
	return trim( file_get_contents( dirname( __DIR__ ) . '/edition.txt' ) );
}
