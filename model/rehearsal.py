"""What a release's migration does to its database, as its rehearsal on a copy has shown."""

from pydantic import ConfigDict

from model.plural import plural
from model.reading import Model


class MigrationResult(Model):
    """The result of a rehearsal. Unknown keys are ignored: a newer agent may have written it."""

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)

    definitions: tuple[str, ...] = ()
    """The tables (or routines, triggers, events) that are added, dropped or defined otherwise."""
    rows: tuple[str, ...] = ()
    """The tables whose rows change and whose definition does not."""
    seconds: float
    """How long the migration took on the copy."""
    online: bool = False
    """Whether visitors may go on writing, because the component says `online = true`."""

    @property
    def changes_something(self) -> bool:
        return bool(self.definitions or self.rows)

    @property
    def needs_read_only(self) -> bool:
        """Whether visitors may only read while it runs."""
        return self.changes_something and not self.online

    @property
    def forecast(self) -> str:
        """What to expect where the release is promoted to; for people who decide about that."""
        if not self.changes_something:
            return self.sentence
        visitors = "visitors only read" if self.needs_read_only else "visitors may write"
        return f"{self.sentence}, took {self.seconds:.1f} s on a copy, {visitors} meanwhile"

    @property
    def sentence(self) -> str:
        """For example `changes the definition of 1 table and rows of 2`."""
        if not self.changes_something:
            return "changes nothing in the database"
        parts = []
        if self.definitions:
            parts.append(f"the definition of {plural(len(self.definitions), 'table')}")
        if self.rows:
            parts.append(f"rows of {plural(len(self.rows), 'table')}")
        return f"changes {' and '.join(parts)}"
