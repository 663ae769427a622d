"""The commands that the agent gets on servers, and the summaries that the UI shows."""

from typing import Any

from buildbot.process.properties import Secret
from buildbot.process.results import FAILURE, SUCCESS
from buildbot.test.reactor import TestReactorMixin
from buildbot.test.steps import ExpectShell, TestBuildStepMixin
from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase

from model.component import Component, Source
from model.environment import Environment
from model.installation import ServerAddress
from model.release import EnvironmentContext
from releases.secret_file import UnusableSecret
from steps.agent_step import SCRIPT, AgentStep, RemoteAgentStep

STAGING = Environment(name="staging", domain="s.example", indexed=False, tls="internal")
BLOG = Component(
    name="blog",
    title="Blog",
    runtime="php",
    host="blog",
    upstream=Source(repository="https://example.org/blog.git", release="1.*"),
    secrets=("salt",),
)
DIGEST = "3f2a" * 16
UNUSABLE = "/secrets/staging-blog-salt: line 1 is not UTF-8, which a secret must be"
OTHER = "9bd1" * 16


def expected(verb: str, *words: str, **secrets: str) -> ExpectShell:
    context = EnvironmentContext.of(STAGING, BLOG).model_copy(
        update={"deployment": 1, "secrets": secrets}
    )
    return ExpectShell(
        workdir="wkdir",
        command=["slipway-agent", verb, "blog", *words],
        log_environ=False,
        initial_stdin=context.model_dump_json(),
    )


class AgentStepTest(TestBuildStepMixin, TestReactorMixin, TestCase):
    def setUp(self) -> Any:
        self.setup_test_reactor()
        return self.setup_test_build_step()

    def set_up(self, verb: str, **files: str) -> None:
        self.setup_step(AgentStep(verb, BLOG, STAGING, files, name=verb))
        self.build.setProperty("digest", DIGEST, "test")
        self.build.number = 1

    def set_secrets(self, **secrets: str) -> None:
        """Give Buildbot these secrets and no others."""

        def render(secret: Secret) -> str:
            if secret.secret_name not in secrets:
                raise KeyError(secret.secret_name)
            if secrets[secret.secret_name] == UNUSABLE:
                raise UnusableSecret(UNUSABLE)
            return secrets[secret.secret_name]

        self.patch(Secret, "getRenderingFor", lambda secret, _properties: render(secret))

    def test_the_summary_is_the_last_line_of_the_agent(self) -> Deferred[None]:
        self.set_up("switch")
        output = f"reloaded\ncurrent: {DIGEST}\nlive in 0.3 s, digest 3f2a3f2a3f2a\n"
        self.expect_commands(expected("switch", DIGEST).stdout(output).exit(0))
        self.expect_outcome(SUCCESS, "live in 0.3 s, digest 3f2a3f2a3f2a")
        self.expect_property("live", DIGEST)
        return self.run_step()

    def test_a_failure_shows_the_last_line_of_the_errors_and_the_old_release_is_live(
        self,
    ) -> Deferred[None]:
        self.set_up("switch")
        error = "GET / -> 500, expected 200: returned to 9bd19bd19bd1\n"
        failing = expected("switch", DIGEST).stdout(f"current: {OTHER}\n").stderr(error)
        self.expect_commands(failing.exit(1))
        self.expect_outcome(FAILURE, f"{error.strip()} (failure)")
        self.expect_property("live", OTHER)
        return self.run_step()

    def test_prepare_gets_the_secrets_of_its_environment_on_standard_input(self) -> Deferred[None]:
        self.set_secrets(**{"staging-blog-salt": "pepper"})
        self.set_up("prepare", artifact="a")
        command = expected("prepare", DIGEST, "--artifact", "a", salt="pepper")
        self.expect_commands(command.stdout("unpacked\n").exit(0))
        self.expect_outcome(SUCCESS, "unpacked")
        return self.run_step()

    def test_what_the_agent_reports_becomes_properties(self) -> Deferred[None]:
        self.set_up("switch")
        report = 'properties: {"configuration": "7", "owner": "mallory"}\n'
        self.expect_commands(expected("switch", DIGEST).stdout(f"{report}live\n").exit(0))
        self.expect_outcome(SUCCESS, "live")
        self.expect_property("configuration", "7")
        self.expect_no_property("owner")
        return self.run_step()

    def test_a_rollback_names_the_configuration_that_the_release_had(self) -> Deferred[None]:
        self.set_up("switch")
        self.build.setProperty("wanted_configuration", "7", "test")
        command = expected("switch", DIGEST, "--configuration", "7")
        self.expect_commands(command.stdout("live\n").exit(0))
        self.expect_outcome(SUCCESS, "live")
        return self.run_step()

    def test_a_secret_that_cannot_be_used_is_named_with_its_file(self) -> Deferred[None]:
        self.set_up("prepare")
        self.set_secrets(**{"staging-blog-salt": UNUSABLE})
        self.expect_outcome(result=FAILURE, state_string=f"{UNUSABLE} (failure)")
        return self.run_step()

    def test_a_missing_secret_is_named_and_nothing_is_sent(self) -> Deferred[None]:
        self.set_secrets()
        self.set_up("prepare")
        words = "secret 'staging-blog-salt' is missing: blog in staging needs it (failure)"
        self.expect_outcome(FAILURE, words)
        return self.run_step()

    def test_abandon_needs_no_digest(self) -> Deferred[None]:
        self.set_up("abandon")
        self.expect_commands(expected("abandon").stdout("nothing to undo\n").exit(0))
        self.expect_outcome(SUCCESS, "nothing to undo")
        return self.run_step()


HOSTS = {
    name: ServerAddress(
        address=f"10.0.0.{number}", key=f"ssh-ed25519 KEY{number}", edge=f"192.0.2.{number}"
    )
    for number, name in enumerate(("web-1", "web-2"), 1)
}
KNOWN = "10.0.0.1 ssh-ed25519 KEY1\n10.0.0.2 ssh-ed25519 KEY2"


def on_servers(words: str, files: str = "", **secrets: str) -> ExpectShell:
    context = EnvironmentContext.of(STAGING, BLOG).model_copy(
        update={"deployment": 1, "secrets": secrets}
    )
    script = ["ssh-agent", "bash", "-c", SCRIPT.read_text(), "remote_agent"]
    return ExpectShell(
        workdir="wkdir",
        command=[*script, KNOWN, words, files, "web-1=10.0.0.1", "web-2=10.0.0.2"],
        log_environ=False,
        initial_stdin=f"KEY\n{context.model_dump_json()}",
    )


def both(text: str) -> str:
    return "".join(f"{name}: {line}\n" for name in HOSTS for line in text.splitlines())


class RemoteAgentStepTest(TestBuildStepMixin, TestReactorMixin, TestCase):
    def setUp(self) -> Any:
        self.setup_test_reactor()
        secrets = {"ssh-staging": "KEY", "staging-blog-salt": "pepper"}
        self.patch(Secret, "getRenderingFor", lambda secret, _: secrets[secret.secret_name])
        return self.setup_test_build_step()

    def set_up(self, verb: str, **files: str) -> None:
        self.setup_step(RemoteAgentStep(HOSTS, verb, BLOG, STAGING, files, name=verb))
        self.build.setProperty("digest", DIGEST, "test")
        self.build.number = 1

    def test_all_servers_are_sent_the_files_and_the_secrets(self) -> Deferred[None]:
        self.set_up("prepare", artifact="a", provenance="p")
        command = on_servers(f"prepare blog {DIGEST}", "a p", salt="pepper")
        self.expect_commands(command.stdout(both("unpacked 3 files")).exit(0))
        self.expect_outcome(SUCCESS, "web-1, web-2: unpacked 3 files")
        return self.run_step()

    def test_the_error_of_one_server_is_shown_with_its_name(self) -> Deferred[None]:
        self.set_up("keep")
        failing = on_servers(f"keep blog {DIGEST}").stdout("web-1: 2 checks hold\n")
        self.expect_commands(failing.stderr("web-2: GET / -> 500\n").exit(1))
        self.expect_outcome(FAILURE, "web-2: GET / -> 500 (failure)")
        return self.run_step()

    def test_a_release_that_all_servers_have_verified_is_kept_on_all(self) -> Deferred[None]:
        self.set_up("switch")
        live = both(f"current: {DIGEST}\nanswers in 0.1 s")
        self.expect_commands(
            on_servers(f"switch blog {DIGEST} --together").stdout(live).exit(0),
            on_servers(f"keep blog {DIGEST}").stdout(both(f"current: {DIGEST}\nlive")).exit(0),
        )
        self.expect_outcome(SUCCESS, "web-1, web-2: live")
        self.expect_property("live", DIGEST)
        return self.run_step()

    def test_a_switch_that_one_server_cannot_verify_is_undone_on_all(self) -> Deferred[None]:
        self.set_up("switch")
        some = f"web-1: current: {DIGEST}\nweb-1: answers\nweb-2: current: {OTHER}\n"
        failing = on_servers(f"switch blog {DIGEST} --together").stdout(some)
        self.expect_commands(
            failing.stderr("web-2: GET / -> 500: returned\n").exit(1),
            on_servers(f"abandon blog --switched {DIGEST}")
            .stdout(both(f"current: {OTHER}\nreturned"))
            .exit(0),
        )
        words = "web-2: GET / -> 500: returned; all return: web-1, web-2: returned (failure)"
        self.expect_outcome(FAILURE, words)
        self.expect_property("live", OTHER)
        return self.run_step()

    def test_a_decided_release_is_live_also_when_a_server_misses_the_message(
        self,
    ) -> Deferred[None]:
        self.set_up("switch")
        lost = "web-2: ssh: connect to host 10.0.0.2 port 22: timed out\n"
        some = f"web-1: current: {DIGEST}\nweb-1: live\n"
        self.expect_commands(
            on_servers(f"switch blog {DIGEST} --together").stdout(both("answers")).exit(0),
            *(
                on_servers(f"keep blog {DIGEST}").stdout(some).stderr(lost).exit(1)
                for _ in range(3)
            ),
        )
        self.expect_outcome(
            FAILURE, "web-2: ssh: connect to host 10.0.0.2 port 22: timed out (failure)"
        )
        self.expect_property("live", DIGEST)
        return self.run_step()

    def test_abandon_after_the_decision_undoes_nothing(self) -> Deferred[None]:
        self.set_up("abandon")
        self.build.setProperty("decided", True, "test")
        self.expect_commands(on_servers("abandon blog").stdout(both("nothing")).exit(0))
        self.expect_outcome(SUCCESS, "web-1, web-2: nothing")
        return self.run_step()

    def test_a_server_without_output_has_failed(self) -> Deferred[None]:
        self.set_up("keep")
        half = on_servers(f"keep blog {DIGEST}").stdout("web-1: 2 checks hold\n")
        self.expect_commands(half.exit(0))
        self.expect_outcome(FAILURE, "web-2: keep ended without a word (failure)")
        return self.run_step()

    def test_servers_with_different_releases_leave_the_live_release_unknown(self) -> Deferred[None]:
        self.set_up("abandon")
        differing = f"web-1: current: {DIGEST}\nweb-1: a\nweb-2: current: {OTHER}\nweb-2: b\n"
        undoing = on_servers(f"abandon blog --switched {DIGEST}").stdout(differing)
        self.expect_commands(undoing.exit(0))
        self.expect_outcome(SUCCESS, "web-1: a; web-2: b")
        self.expect_no_property("live")
        return self.run_step()

    def test_a_missing_key_is_named(self) -> Deferred[None]:
        self.patch(Secret, "getRenderingFor", lambda secret, _: {}[secret.secret_name])
        self.set_up("switch")
        words = "secret 'ssh-staging' is missing: blog in staging needs it (failure)"
        self.expect_outcome(FAILURE, words)
        return self.run_step()
