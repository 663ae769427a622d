<?php
/**
 * The top of every page.
 *
 * @package Shipyard
 */

?>
<!doctype html>
<html <?php language_attributes(); ?>>
<head>
	<meta charset="<?php bloginfo( 'charset' ); ?>">
	<meta name="viewport" content="width=device-width, initial-scale=1">
	<?php wp_head(); ?>
</head>
<body <?php body_class(); ?>>
<header class="masthead<?php echo is_home() ? '' : ' small'; ?>">
	<div class="inside">
		<nav>
			<a class="name" href="<?php echo esc_url( home_url( '/' ) ); ?>"><?php bloginfo( 'name' ); ?><span>.</span></a>
			<span class="edition"><?php echo esc_html( shipyard_edition() ); ?></span>
		</nav>
		<div class="hero">
		<?php if ( is_home() ) : ?>
			<h1>Built in the open, launched&nbsp;with&nbsp;care.</h1>
			<p><?php bloginfo( 'description' ); ?></p>
		<?php else : ?>
			<h1><?php echo esc_html( is_singular() ? get_the_title() : wp_get_document_title() ); ?></h1>
		<?php endif; ?>
		</div>
	</div>
	<?php get_template_part( 'parts/ship' ); ?>
</header>
