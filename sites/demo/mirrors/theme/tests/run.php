<?php
/**
 * The theme's tests, and those of our patches: `php tests/run.php`, inside a WordPress, no database.
 *
 * @package Shipyard
 */

error_reporting( E_ALL );
define( 'ABSPATH', dirname( __DIR__, 4 ) . '/' );
define( 'WPINC', 'wp-includes' );

require __DIR__ . '/../inc/words.php';
require ABSPATH . WPINC . '/plugin.php';
require ABSPATH . WPINC . '/load.php';
require ABSPATH . WPINC . '/functions.php';
require ABSPATH . WPINC . '/formatting.php';
require ABSPATH . WPINC . '/general-template.php';
require ABSPATH . WPINC . '/version.php';

// What WordPress would ask its database for.
add_filter( 'pre_option_blog_public', static fn() => '1' );
function site_url() {
	return 'https://blog.example.invalid';
}

$failures = 0;

function expect( string $what, bool $holds ): void {
	global $failures;
	$failures += $holds ? 0 : 1;
	echo $holds ? 'ok   ' : 'FAIL ', $what, "\n";
}

expect( 'a short text takes a minute', 'a minute’s read' === shipyard_reading_time( '<p>Hello</p>' ) );
expect( 'an empty text takes a minute', 'a minute’s read' === shipyard_reading_time( '' ) );
expect( 'markup is not read', '2 minutes’ read' === shipyard_reading_time( str_repeat( '<b class="x">word</b> ', 440 ) ) );
expect( 'the edition is one line', 1 === preg_match( '/^Edition \d+$/', shipyard_edition() ) );

$generator = get_the_generator( 'html' );
expect( 'the generator names who looks after the site', str_contains( $generator, 'looked after by Slipway' ) );
expect( 'the generator names no version', ! str_contains( $generator, $wp_version ) );

// It sends a header first, which a command line cannot.
ob_start();
@do_robots();
$robots = ob_get_clean();
expect( 'robots stay off the login page', str_contains( $robots, "Disallow: /wp-login.php\n" ) );

foreach ( glob( dirname( __DIR__ ) . '/{,*/}*.php', GLOB_BRACE ) as $file ) {
	exec( escapeshellarg( PHP_BINARY ) . ' -l ' . escapeshellarg( $file ) . ' 2>&1', $output, $status );
	expect( basename( $file ) . ' is PHP', 0 === $status );
}

exit( $failures ? 1 : 0 );
