"""Follow every link of the generated pages: `check_pages.py FOLDER`; 1 when one leads nowhere."""

import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urldefrag, urlsplit


class Page(HTMLParser):
    """The anchors and links of one page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: list[str] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id":
                self.anchors.append(value or "")
            elif name in ("href", "src") and tag != "link":
                self.links.append(value or "")


def mistakes(folder: Path) -> Iterator[str]:
    """One line for each link or anchor that is wrong."""
    pages = {path.name: Page(path.read_text("utf-8")) for path in sorted(folder.glob("*.html"))}
    if "index.html" not in pages:
        yield "index.html: missing"
    for name, page in pages.items():
        twice = sorted({anchor for anchor in page.anchors if page.anchors.count(anchor) > 1})
        yield from (f"{name}: anchor '{anchor}' twice" for anchor in twice)
        for link in page.links:
            target, fragment = urldefrag(link)
            if urlsplit(link).scheme:
                if not link.startswith("https://"):
                    yield f"{name}: '{link}' is not https"
            elif (target or name) not in pages and not (folder / target).is_file():
                yield f"{name}: '{link}' leads to no page"
            elif fragment and fragment not in pages[target or name].anchors:
                yield f"{name}: '{link}' leads to no anchor"


if __name__ == "__main__":
    found = list(mistakes(Path(sys.argv[1])))
    print("\n".join(found) or "every link leads somewhere")
    sys.exit(1 if found else 0)
