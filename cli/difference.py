"""What a promotion or a rollback would change, in words."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cli.changes import Changed, Difference, Files, Material, Source
from cli.words import line, plural, size

PROPOSED = 200
"""Characters of a reason that nobody typed; the page cuts its own there too."""
NAMED = 20
"""How many files of one kind are named."""
COLOURS = {"+": "green", "-": "red", "@": "cyan"}


def shown(found: Difference) -> RenderableType:
    """From the most telling to the last file."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for name, text in parts(found):
        grid.add_row(Text(name, style="bold"), text)
    texts = (unified(one["name"], one["difference"]) for one in found["configuration"])
    return Group(grid, *texts)


def parts(found: Difference) -> Iterator[tuple[str, Text]]:
    yield "Upstream", Text(source(found["upstream"]))
    yield "Patches", Text("\n".join(patches(found)))
    if found["overlays"]:
        yield "Overlays", Text("\n".join(source(one) for one in found["overlays"]))
    if found["configuration"]:
        yield "Configuration", Text(line(", ".join(one["name"] for one in found["configuration"])))
    yield "Migrations", Text("\n".join(line(one) for one in found["migrations"]) or "none")
    yield "Files", Text("\n".join(files(found)) or "the same files")


def source(found: Source) -> str:
    at = f"{found['into']}: " if found["into"] else ""
    if not moved(found):
        return line(f"{at}{commit(found['after'])}, unchanged")
    return line(f"{at}{commit(found['before'])} → {commit(found['after'])} {found['compare']}")


def moved(found: Source) -> bool:
    return short_commit(found["before"]) != short_commit(found["after"])


def commit(material: Material | None) -> str:
    return f"{material['release']} {short_commit(material)}" if material else "nothing"


def short_commit(material: Material | None) -> str:
    return material["commit"][:8] if material else "nothing"


def patches(found: Difference) -> Iterator[str]:
    kinds = {
        "added": found["patches_added"],
        "changed": found["patches_changed"],
        "removed": found["patches_removed"],
    }
    for kind, some in kinds.items():
        for one in some:
            yield line(f"{kind}: {one['subject']} ({one['author']})")
    if not any(kinds.values()):
        count = found["patches"]
        yield f"{plural(count, 'patch')}, unchanged" if count else "none"


def files(found: Difference) -> Iterator[str]:
    kinds: dict[str, Files] = {
        "added": found["added"],
        "changed": found["changed"],
        "removed": found["removed"],
    }
    for kind, some in kinds.items():
        if some["count"]:
            grown = f"{'+' if some['bytes'] >= 0 else ''}{size(some['bytes'])}"
            yield f"{plural(some['count'], 'file')} {kind}, {grown}"
            yield from (f"  {line(one['path'])} {sizes(one)}" for one in some["first"][:NAMED])
            if some["count"] > NAMED:
                yield f"  and {some['count'] - NAMED} more"


def sizes(file: Changed) -> str:
    both = [size(count) for count in (file["before"], file["after"]) if count is not None]
    return " → ".join(dict.fromkeys(both))


def unified(name: str, difference: str) -> Text:
    lines = [Text(f"  {one}", style=COLOURS.get(one[:1], "")) for one in difference.splitlines()]
    return Text("\n").join([Text(line(name), style="bold"), *lines])


def proposal(found: Difference | None, otherwise: str) -> str:
    """A reason that nobody needs to type: what it is that changes."""
    sources = [found["upstream"], *found["overlays"]] if found else []
    words = [
        f"{one['into'] or 'upstream'} {short_commit(one['before'])} → {short_commit(one['after'])}"
        for one in sources
        if moved(one)
    ]
    return line(", ".join(words) or otherwise)[:PROPOSED]
