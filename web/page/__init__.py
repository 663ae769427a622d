"""The Releases page, a plugin of the Buildbot UI; `web.releases` answers what it asks for."""

from buildbot.www.plugin import Application

page = Application(__name__, "What runs where, and one click to move it")
