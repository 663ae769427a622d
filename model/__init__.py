"""The words of Slipway as frozen values, without Buildbot and without input or output.

site: the components and environments that one master looks after (`site.py`)
component: one deployable part of the site, built from an upstream, our patch series and overlays
environment: where releases run: staging, production, a sandbox
release: a component, its artifact and the signed provenance (`release.py`,
    `releases/provenance.py`)
installation: one master, the site that it looks after, its addresses and folders
"""
