"""Runs a function with the rights of another account; root reads nothing of its answer but JSON.

Standard library only: `make stop` needs it.
"""

import json
import os
import signal
import traceback
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, NoReturn

from local import installation_accounts
from local.errors import CommandError
from local.layout import Layout
from local.step_status import listeners, show_status


def call(layout: Layout, name: str, function: Callable[[], Any]) -> Any:
    """The result of a function that runs as an account; it must be something that JSON knows.

    A name that the installation does not have stands for the account of `var`. Without separate
    accounts, the function simply runs. Raises CommandError.
    """
    if not layout.separate:
        return function()
    return run_apart(lambda: installation_accounts.become(layout, name), function)


def call_each(layout: Layout, functions: Mapping[str, Callable[[], Any]]) -> dict[str, Any]:
    """The results of several accounts' functions, which run at the same time."""
    with ThreadPoolExecutor(max(1, len(functions))) as pool:
        calls = {n: pool.submit(call, layout, n, function) for n, function in functions.items()}
    return {name: result.result() for name, result in calls.items()}


def run_apart(become: Callable[[], None], function: Callable[[], Any]) -> Any:
    """The result of a function in a process that first gives up its rights."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        run_child(become, function, writing)
    os.close(writing)
    try:
        return read_answer(reading)
    except KeyboardInterrupt:
        # The terminal does not interrupt it, and it has a process group of its own.
        with suppress(ProcessLookupError):
            os.killpg(child, signal.SIGTERM)
        raise
    finally:
        os.waitpid(child, 0)


def read_answer(reading: int) -> Any:
    """Show what the child does until it says how it ended."""
    with os.fdopen(reading, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            match json.loads(line):
                case {"status": str(text)}:
                    show_status(text)
                case {"error": str(text)}:
                    raise CommandError(text)
                case {"result": result}:
                    return result
    raise CommandError("a command that ran with the rights of another account was killed")


def run_child(become: Callable[[], None], function: Callable[[], Any], writing: int) -> NoReturn:
    """Become the account, run the function and send its result; never returns.

    The account gets no terminal of root's: neither to read from it nor to type into it.
    """
    code = 1
    with os.fdopen(writing, "w", encoding="utf-8") as answer:

        def send(message: dict[str, Any]) -> None:
            print(json.dumps(message), file=answer, flush=True)

        try:
            leave_terminal()
            become()
            listeners.append(lambda text: send({"status": text}))
            send({"result": function()})
            code = 0
        except CommandError as error:
            send({"error": str(error)})
        except BaseException:  # the parent raises it: nothing is swallowed
            send({"error": traceback.format_exc()})
    os._exit(code)


def leave_terminal() -> None:
    """Start a session of its own, whose standard streams lead nowhere."""
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
