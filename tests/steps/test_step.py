"""What a step did not expect is a sentence too, and its traceback is in a log."""

from typing import Any

from buildbot.process.results import EXCEPTION
from buildbot.test.reactor import TestReactorMixin
from buildbot.test.steps import TestBuildStepMixin
from buildbot.util.twisted import async_to_deferred
from twisted.internet.defer import maybeDeferred
from twisted.trial.unittest import TestCase

from steps.step import Step

UNEXPECTED: tuple[tuple[Exception, str], ...] = (
    (
        FileNotFoundError(2, "No such file or directory", "/site/0001.patch"),
        "/site/0001.patch: No such file or directory",
    ),
    (ValueError("not enough values\nto unpack"), "ValueError: not enough values to unpack"),
    (UnicodeDecodeError("utf-8", b"\xfc", 0, 1, "bad"), "UnicodeDecodeError: 'utf-8' codec can't"),
    (KeyError("missing"), "KeyError: 'missing'"),
    (OSError("no number"), "OSError: no number"),
    (RuntimeError("x" * 9999), "RuntimeError: xxx"),
)


class Failing(Step):
    name = "failing"

    def __init__(self, error: Exception, **kwargs: Any) -> None:
        self.error = error
        super().__init__(**kwargs)

    @async_to_deferred
    async def run(self) -> int:
        raise self.error


class StepTest(TestBuildStepMixin, TestReactorMixin, TestCase):
    def setUp(self) -> Any:
        self.setup_test_reactor()
        return self.setup_test_build_step()

    @async_to_deferred
    async def test_an_unexpected_error_is_a_sentence_with_its_file(self) -> None:
        for error, words in UNEXPECTED:
            self.setup_step(Failing(error))
            self.expect_outcome(EXCEPTION)
            await self.run_step()
            step = self.get_nth_step(0)
            summary = step.getResultSummary()["step"]
            assert summary.startswith(words), summary
            assert summary.endswith("; the log err.text says where (exception)")
            assert len(summary) < 400
            assert "Traceback" in step.logs["err.text"].stdout
            self.assertEqual(len(self.flushLoggedErrors(type(error))), 1)
            await maybeDeferred(self.tear_down_test_build_step)
            await maybeDeferred(self.setup_test_build_step)
