"""The steps that Buildbot does not have; one module for each."""
