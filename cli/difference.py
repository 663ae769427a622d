"""What a promotion or a rollback would change, in words."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cli.answers import Difference, FileChange, FileChanges, Material, SourceChange
from cli.words import one_line, plural, size

REASON_LENGTH = 200
"""Characters of a proposed reason; the page cuts its own there too."""
FILES_SHOWN = 20
"""How many files of one kind of change are listed."""
COLOURS = {"+": "green", "-": "red", "@": "cyan"}


def render(difference: Difference) -> RenderableType:
    """From the most important part to the last file."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for name, text in parts(difference):
        grid.add_row(Text(name, style="bold"), text)
    texts = (unified(text["name"], text["difference"]) for text in difference["configuration"])
    return Group(grid, *texts)


def parts(difference: Difference) -> Iterator[tuple[str, Text]]:
    yield "Upstream", Text(source_line(difference["upstream"]))
    yield "Patches", Text("\n".join(patch_lines(difference)))
    if overlays := difference["overlays"]:
        yield "Overlays", Text("\n".join(map(source_line, overlays)))
    if texts := difference["configuration"]:
        yield "Configuration", Text(one_line(", ".join(text["name"] for text in texts)))
    yield "Migrations", Text("\n".join(map(one_line, difference["migrations"])) or "none")
    yield "Files", Text("\n".join(file_lines(difference)) or "the same files")


def source_line(source: SourceChange) -> str:
    path = f"{source['into']}: " if source["into"] else ""
    after = commit_name(source["after"])
    if not is_moved(source):
        return one_line(f"{path}{after}, unchanged")
    return one_line(f"{path}{commit_name(source['before'])} → {after} {source['compare']}")


def is_moved(source: SourceChange) -> bool:
    return short_commit(source["before"]) != short_commit(source["after"])


def commit_name(material: Material | None) -> str:
    return f"{material['release']} {short_commit(material)}" if material else "nothing"


def short_commit(material: Material | None) -> str:
    return material["commit"][:8] if material else "nothing"


def patch_lines(difference: Difference) -> Iterator[str]:
    kinds = {
        "added": difference["patches_added"],
        "changed": difference["patches_changed"],
        "removed": difference["patches_removed"],
    }
    for kind, patches in kinds.items():
        for patch in patches:
            yield one_line(f"{kind}: {patch['subject']} ({patch['author']})")
    if not any(kinds.values()):
        count = difference["patches"]
        yield f"{plural(count, 'patch')}, unchanged" if count else "none"


def file_lines(difference: Difference) -> Iterator[str]:
    kinds: dict[str, FileChanges] = {
        "added": difference["added"],
        "changed": difference["changed"],
        "removed": difference["removed"],
    }
    for kind, files in kinds.items():
        if files["count"]:
            growth = f"{'+' if files['bytes'] >= 0 else ''}{size(files['bytes'])}"
            yield f"{plural(files['count'], 'file')} {kind}, {growth}"
            for file in files["first"][:FILES_SHOWN]:
                yield f"  {one_line(file['path'])} {file_size(file)}"
            if files["count"] > FILES_SHOWN:
                yield f"  and {files['count'] - FILES_SHOWN} more"


def file_size(file: FileChange) -> str:
    """Before and after, if they differ."""
    sizes = [size(count) for count in (file["before"], file["after"]) if count is not None]
    return " → ".join(dict.fromkeys(sizes))


def unified(name: str, difference: str) -> Text:
    lines = [Text(f"  {line}", style=COLOURS.get(line[:1], "")) for line in difference.splitlines()]
    return Text("\n").join([Text(one_line(name), style="bold"), *lines])


def proposed_reason(difference: Difference | None, default: str) -> str:
    """Which sources move; the default when none does or the difference is not known."""
    sources = [difference["upstream"], *difference["overlays"]] if difference else []
    moves = [
        f"{source['into'] or 'upstream'} "
        f"{short_commit(source['before'])} → {short_commit(source['after'])}"
        for source in sources
        if is_moved(source)
    ]
    return one_line(", ".join(moves) or default)[:REASON_LENGTH]
