"""What runs with OpenStack's own packages: nothing outside imports it."""
