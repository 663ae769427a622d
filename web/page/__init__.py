"""The Releases page, a plugin of the Buildbot UI; `web.endpoints` answers its requests."""

from buildbot.www.plugin import Application
from twisted.web.static import File

CHART = "/usr/share/javascript/chart.js"
"""Where Debian's package libjs-chart.js puts the library that draws the figures."""

page = Application(__name__, "What runs where, and one click to move it")
page.resource.putChild(b"chart.js", File(CHART))  # type: ignore[arg-type]  # an IResource by zope
