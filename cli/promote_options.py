"""What somebody who promotes has said about it beforehand."""

from dataclasses import dataclass

from cli.output import Output
from cli.shapes import Freeze
from cli.stopped import Misused
from cli.words import frozen


@dataclass(frozen=True)
class PromoteOptions:
    """The words of the command line."""

    reason: str | None
    yes: bool
    despite: str | None = None

    def require_interactive(self, output: Output) -> None:
        """Raises Misused when a question would come that nobody can answer."""
        if not self.yes and not output.may_ask:
            raise Misused("nobody can be asked here: --yes confirms it")

    def despite_freeze(self, output: Output, freeze: Freeze | None) -> dict[str, str]:
        """Why a freeze does not count; asked where somebody can answer."""
        if freeze is None:
            return {}
        if self.despite:
            return {"despite": self.despite}
        if self.yes:
            return {}
        return {"despite": output.asked(f"It is {frozen(freeze)}. Why can this not wait?")}
