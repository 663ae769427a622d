"""The tests of what the page computes are JavaScript, run by Node's own runner."""

import re
import subprocess
from pathlib import Path

TESTS = sorted(Path(__file__).parent.glob("*.test.js"))


def test_every_test_in_javascript_passes() -> None:
    command = ("node", "--test", "--test-reporter=tap", *map(str, TESTS))
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (passed,) = re.findall(r"^# pass (\d+)$", done.stdout, re.MULTILINE)
    assert int(passed) >= len(TESTS)
