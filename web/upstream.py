"""The page "Upstream": for every component, whether our changes fit what upstream has next."""

from typing import Any

from buildbot.master import BuildMaster
from flask import Flask, Response, jsonify, render_template
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.threads import blockingCallFromThread

from model.site import Site
from releases import ledger
from releases.trial import Report, Target

NAME = "upstream"


def dashboard(site: Site) -> dict[str, Any]:
    """One of Buildbot's `wsgi_dashboards`; beside the page lies the same table as `table.json`."""
    app = Flask(__name__)

    @app.get("/index.html")
    def page() -> str:
        rows = table(site, app.buildbot_api.master)  # type: ignore[attr-defined]  # Buildbot sets it
        return render_template("upstream.html", rows=rows, targets=list(Target))

    @app.get("/table.json")
    def json() -> Response:
        rows = table(site, app.buildbot_api.master)  # type: ignore[attr-defined]  # as above
        return jsonify({"components": rows})

    return {"name": NAME, "caption": "Upstream", "app": app, "order": 5, "icon": "FaCodeBranch"}


def table(site: Site, master: BuildMaster) -> list[dict[str, Any]]:
    """A row for each component whose upstream has releases; called in a thread of Flask's."""

    def asked() -> "Deferred[ledger.Reports]":
        return Deferred.fromCoroutine(ledger.reports(master, site))

    found: ledger.Reports = blockingCallFromThread(reactor, asked)
    return [row(component.name, *found[component.name]) for component in site.trial_components]


def row(component: str, report: Report | None, link: str) -> dict[str, Any]:
    """What is known of one component, and where in the UI more is said of it."""
    trials = {
        trial.target.value: trial.model_dump(mode="json")
        | {
            "fits": trial.fits,
            "words": trial.words,
            "patches": [p.model_dump(mode="json") | {"words": p.words} for p in trial.patches],
        }
        for trial in (report.trials if report else ())
    }
    return {
        "component": component,
        "link": link,
        "when": report.when.isoformat(timespec="seconds") if report else None,
        "said": f"{report.when:%-d %B, %H:%M} UTC" if report else "",
        "trials": trials,
        "unknown": report.unknown if report else "",
        "offer": report.offer if report else "",
    }
