"""Truths about the loaded configuration, whatever the site."""

import re

from buildbot.config.master import MasterConfig
from buildbot.schedulers.forcesched import ForceScheduler
from buildbot.schedulers.timed import Nightly
from buildbot.steps.trigger import Trigger
from buildbot.www.authz.endpointmatchers import AnyControlEndpointMatcher

from change_sources.change_key import poller_name
from change_sources.pollers import polled_sources
from model.retention import RETENTION_BUILDER
from model.site import Site
from releases import buttons
from releases.site_wide import SiteAction


def test_every_builder_has_a_reason_to_run(config: MasterConfig) -> None:
    listed = [name for scheduler in config.schedulers.values() for name in scheduler.builderNames]
    # A trigger lists none: it is told the builder by a property.
    reasons = {name for name in listed if isinstance(name, str)}
    assert {builder.name for builder in config.builders} == reasons


def test_builders_are_grouped_by_the_component_they_serve(config: MasterConfig, demo: Site) -> None:
    grouped = {builder.project for builder in config.builders if builder.project}
    assert grouped == {c.name for c in demo.components}
    alone = {builder.name for builder in config.builders if not builder.project}
    assert alone == {
        RETENTION_BUILDER,
        *(e.site_builder for e in demo.environments if e.promotes_from),
    }


def test_names_come_from_the_environments(config: MasterConfig, demo: Site) -> None:
    expected = {component.builder for component in demo.components}
    expected |= {component.trial_builder for component in demo.trial_components}
    expected |= {
        environment.builder(component)
        for component in demo.components
        for environment in demo.environments
    }
    expected |= {e.site_builder for e in demo.environments if e.promotes_from}
    expected.add(RETENTION_BUILDER)
    assert {builder.name for builder in config.builders} == expected


def test_lanes_are_not_mixed_on_one_worker(config: MasterConfig, demo: Site) -> None:
    for builder in config.builders:
        lane = {e.worker for e in demo.environments if builder.name.endswith(f"-{e.name}")}
        if builder.name == RETENTION_BUILDER:
            lane = {"on-master"}
        tries = builder.name in {component.trial_builder for component in demo.trial_components}
        assert set(builder.workernames) == (lane or {"review-1" if tries else "build-1"})


def test_one_deployment_at_a_time_and_none_swallowed(config: MasterConfig, demo: Site) -> None:
    places = {e.builder(c) for e in demo.environments for c in demo.components}
    deploying = [builder for builder in config.builders if builder.name in places]
    assert len(deploying) == len(places)
    assert all(builder.collapseRequests is False and builder.locks for builder in deploying)


def test_requests_are_kept_or_the_newest_stays(config: MasterConfig) -> None:
    """Buildbot's default keeps a request with changes beside one without."""
    for builder in config.builders:
        kept_or_newest = getattr(builder.collapseRequests, "__name__", builder.collapseRequests)
        assert kept_or_newest in (False, "newest_is_enough"), builder.name


def test_trials_deploy_nothing_and_run_every_night(config: MasterConfig, demo: Site) -> None:
    names = {component.trial_builder for component in demo.trial_components}
    assert names
    trials = [builder for builder in config.builders if builder.name in names]
    kinds = {step.buildStep().__class__ for trial in trials for step in trial.factory.steps}
    assert kinds
    assert Trigger not in kinds
    nightly = [s for s in config.schedulers.values() if isinstance(s, Nightly)]
    nightly_builders = {name for scheduler in nightly for name in scheduler.builderNames}
    assert nightly_builders == names | {RETENTION_BUILDER}


def test_only_releasers_press_anything(config: MasterConfig) -> None:
    *_, last = config.www["authz"].allowRules
    assert isinstance(last, AnyControlEndpointMatcher)
    assert {rule.role for rule in config.www["authz"].allowRules} == {"releaser"}


def test_every_button_asks_for_a_reason(config: MasterConfig) -> None:
    pressed = [s for s in config.schedulers.values() if isinstance(s, ForceScheduler)]
    assert pressed
    for button in pressed:
        assert button._config_kwargs["reason"].required, button.name


def test_a_button_starts_all_builders_of_its_environment(config: MasterConfig, demo: Site) -> None:
    pressed = {s.name: s for s in config.schedulers.values() if isinstance(s, ForceScheduler)}
    expected = {
        buttons.BUILD: {component.builder for component in demo.components},
        buttons.REMOVE: {RETENTION_BUILDER},
        buttons.TRY_UPSTREAM: {component.trial_builder for component in demo.trial_components},
    }
    for environment in demo.environments:
        each = {environment.builder(component) for component in demo.components}
        for action in buttons.actions(demo, environment):
            all_at_once = isinstance(action, SiteAction)
            name = buttons.name(action, environment)
            expected[name] = {environment.site_builder} if all_at_once else each
    assert {name: set(button.builderNames) for name, button in pressed.items()} == expected


def test_step_names_are_kebab_case_and_short(config: MasterConfig) -> None:
    names = {step.buildStep().name for builder in config.builders for step in builder.factory.steps}
    assert not [name for name in names if not re.fullmatch(r"[a-z][a-z-]{0,49}", name)]


def test_every_followed_repository_has_one_poller(config: MasterConfig, demo: Site) -> None:
    followed = {poller_name(source) for c in demo.components for source in polled_sources(c)}
    assert sorted(followed) == sorted(source.name for source in config.change_sources)


def test_every_patch_and_template_listed_exists(demo: Site) -> None:
    for component in demo.components:
        folder = demo.component_folder(component)
        assert all((folder / "patches" / name).is_file() for name in component.patches)
        assert all((folder / "templates" / name).is_file() for name in component.templates)
