"""The accounts of the tests' server when root runs the tests: those of an installation."""

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.server import ComponentAccount
from local import account_names
from local.as_account import run_apart
from local.bootstrap import folders
from local.installation_accounts import unused_number
from model.component import Component

ENVIRONMENT = "testing"


@dataclass(frozen=True)
class ServerAccounts:
    """The number of each account by name; empty without root, and then all is one account."""

    numbers: Mapping[str, int]

    @classmethod
    def choose(cls, folder: Path, components: Iterable[Component]) -> "ServerAccounts":
        if os.geteuid():
            return cls({})
        names = [ENVIRONMENT, account_names.of_edge(ENVIRONMENT)]
        for component in components:
            account = account_names.of_component(ENVIRONMENT, component.name)
            names += [account, account_names.readers(account)]
        numbers: dict[str, int] = {}
        for name in names:
            numbers[name] = unused_number(str(folder), numbers.values())
        return cls(numbers)

    def prefix(self, name: str) -> tuple[str, ...]:
        """What runs a command with an account."""
        if not self.numbers:
            return ()
        number = self.numbers[name]
        groups = ",".join(map(str, account_names.groups(name, self.numbers)))
        return ("setpriv", f"--reuid={number}", f"--regid={number}", f"--groups={groups}")

    def call(self, name: str, function: Callable[[], Any]) -> Any:
        """The result of a function that runs with an account."""
        if not self.numbers:
            return function()
        number, groups = self.numbers[name], account_names.groups(name, self.numbers)
        return run_apart(lambda: folders.drop_rights(number, number, groups), function)

    def settings(self, folder: Path, components: Iterable[Component]) -> dict[str, Any]:
        """The keys of `server.toml`."""
        if not self.numbers:
            return {}
        accounts = {}
        for component in components:
            name = account_names.of_component(ENVIRONMENT, component.name)
            accounts[component.name] = ComponentAccount(
                group=f"{self.numbers[name]}",
                readers=f"{self.numbers[account_names.readers(name)]}",
                supervisor=folder / component.name / "supervisord.sock",
            ).model_dump(mode="json")
        return {
            "accounts": accounts,
            "edge": f"{self.numbers[account_names.of_edge(ENVIRONMENT)]}",
        }
