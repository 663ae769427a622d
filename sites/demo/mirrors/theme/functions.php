<?php
/**
 * What the Shipyard theme adds to WordPress.
 *
 * @package Shipyard
 */

require __DIR__ . '/inc/words.php';

add_action(
	'after_setup_theme',
	static function () {
		add_theme_support( 'title-tag' );
		add_theme_support( 'automatic-feed-links' );
		add_theme_support( 'html5', array( 'style', 'script', 'search-form' ) );
	}
);

add_action(
	'wp_enqueue_scripts',
	static function () {
		$style = get_stylesheet_directory() . '/style.css';
		wp_enqueue_style( 'shipyard', get_stylesheet_uri(), array(), substr( md5_file( $style ), 0, 8 ) );
		wp_dequeue_style( 'classic-theme-styles' );
	},
	20
);

// Nobody's browser needs a script to draw a face.
remove_action( 'wp_head', 'print_emoji_detection_script', 7 );
remove_action( 'wp_print_styles', 'print_emoji_styles' );

add_filter( 'excerpt_length', static fn() => 36 );
add_filter( 'excerpt_more', static fn() => ' …' );
