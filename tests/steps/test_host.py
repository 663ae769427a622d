"""What is asked of the program on the servers, and what people read of its answer."""

from typing import Any

from buildbot.process.properties import Secret
from buildbot.process.results import FAILURE, SUCCESS
from buildbot.test.reactor import TestReactorMixin
from buildbot.test.steps import ExpectShell, TestBuildStepMixin
from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase

from model.component import Component, Source
from model.environment import Environment
from model.release import Order
from steps.host import OnHost

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
OTHER = "9bd1" * 16


def expected(verb: str, *words: str, **secrets: str) -> ExpectShell:
    order = Order.of(STAGING, BLOG).model_copy(update={"secrets": secrets})
    return ExpectShell(
        workdir="wkdir",
        command=["slipway-host", verb, "blog", *words],
        log_environ=False,
        initial_stdin=order.model_dump_json(),
    )


class OnHostTest(TestBuildStepMixin, TestReactorMixin, TestCase):
    def setUp(self) -> Any:
        self.setup_test_reactor()
        return self.setup_test_build_step()

    def ask(self, verb: str, *arguments: str) -> None:
        self.setup_step(OnHost(verb, BLOG, STAGING, arguments, name=verb))
        self.build.setProperty("digest", DIGEST, "test")

    def know(self, **secrets: str) -> None:
        """Let Buildbot know these secrets and no others."""

        def render(secret: Secret) -> str:
            if secret.secret_name not in secrets:
                raise KeyError(secret.secret_name)
            return secrets[secret.secret_name]

        self.patch(Secret, "getRenderingFor", lambda secret, _properties: render(secret))

    def test_the_outcome_is_the_last_line_that_the_program_says(self) -> Deferred[None]:
        self.ask("switch")
        said = f"reloaded\ncurrent: {DIGEST}\nlive in 0.3 s, digest 3f2a3f2a3f2a\n"
        self.expect_commands(expected("switch", DIGEST).stdout(said).exit(0))
        self.expect_outcome(SUCCESS, "live in 0.3 s, digest 3f2a3f2a3f2a")
        self.expect_property("live", DIGEST)
        return self.run_step()

    def test_a_failure_is_the_last_line_of_its_complaint_and_the_old_release_is_live(
        self,
    ) -> Deferred[None]:
        self.ask("switch")
        complaint = "GET / -> 500, expected 200: returned to 9bd19bd19bd1\n"
        failing = expected("switch", DIGEST).stdout(f"current: {OTHER}\n").stderr(complaint)
        self.expect_commands(failing.exit(1))
        self.expect_outcome(FAILURE, f"{complaint.strip()} (failure)")
        self.expect_property("live", OTHER)
        return self.run_step()

    def test_preparing_gives_this_environments_secrets_on_standard_input(self) -> Deferred[None]:
        self.know(**{"staging-blog-salt": "pepper"})
        self.ask("prepare", "--artifact", "a")
        command = expected("prepare", DIGEST, "--artifact", "a", salt="pepper")
        self.expect_commands(command.stdout("unpacked\n").exit(0))
        self.expect_outcome(SUCCESS, "unpacked")
        return self.run_step()

    def test_a_missing_secret_is_named_and_nothing_is_sent(self) -> Deferred[None]:
        self.know()
        self.ask("prepare")
        words = "secret 'staging-blog-salt' is missing: blog in staging needs it (failure)"
        self.expect_outcome(FAILURE, words)
        return self.run_step()

    def test_cleaning_up_needs_no_digest(self) -> Deferred[None]:
        self.ask("abandon")
        self.expect_commands(expected("abandon").stdout("nothing to undo\n").exit(0))
        self.expect_outcome(SUCCESS, "nothing to undo")
        return self.run_step()
