"""What a build does that Buildbot cannot already; one step a module."""
