"""The words of Slipway as frozen values; knows nothing of Buildbot and does nothing."""
