<?php
/**
 * One post or page.
 *
 * @package Shipyard
 */

get_header();
?>
<main class="inside">
	<?php while ( have_posts() ) : ?>
		<?php the_post(); ?>
		<article class="article">
			<div class="meta"><?php echo esc_html( get_the_date() . ' · ' . shipyard_reading_time( get_the_content() ) ); ?></div>
			<?php the_content(); ?>
		</article>
	<?php endwhile; ?>
</main>
<?php
get_footer();
