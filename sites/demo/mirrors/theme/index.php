<?php
/**
 * Lists of posts: the front page and every archive.
 *
 * @package Shipyard
 */

get_header();
?>
<main class="inside">
	<div class="cards">
	<?php while ( have_posts() ) : ?>
		<?php the_post(); ?>
		<article class="card<?php echo 0 === $wp_query->current_post ? ' lead' : ''; ?>">
			<div class="kicker"><?php the_category( ', ' ); ?></div>
			<h2><a href="<?php the_permalink(); ?>"><?php the_title(); ?></a></h2>
			<?php the_excerpt(); ?>
			<div class="meta"><?php echo esc_html( get_the_date() . ' · ' . shipyard_reading_time( get_the_content() ) ); ?></div>
		</article>
	<?php endwhile; ?>
	</div>
	<div class="pages"><?php posts_nav_link( ' · ' ); ?></div>
</main>
<?php
get_footer();
