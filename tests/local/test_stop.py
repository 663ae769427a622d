"""`make stop` works on a machine where the virtual environment is missing."""

import subprocess
import sys

from local.layout import CHECKOUT


def test_stopping_needs_nothing_but_the_standard_library() -> None:
    code = f"import sys; sys.path.insert(0, {str(CHECKOUT)!r}); import local.stop"
    subprocess.run((sys.executable, "-I", "-S", "-B", "-c", code), check=True)
