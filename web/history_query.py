"""The query of a page of the history."""

import re

from releases.ledger import Build
from web.json_resource import BadQuery
from web.shared_answers import Query

PAGE_SIZE, MOST_ON_PAGE = 50, 200
"""Deployments on a page of the history."""


def page_size(query: Query) -> int:
    """The parameter `limit`; raises BadQuery."""
    text = query.get("limit") or str(PAGE_SIZE)
    if not re.fullmatch(r"[0-9]{1,9}", text) or not 1 <= int(text) <= MOST_ON_PAGE:
        raise BadQuery(f"limit is '{text[:12]}'; expected a number from 1 to {MOST_ON_PAGE}")
    return int(text)


def older_than(query: Query) -> tuple[int, int] | None:
    """The parameter `older`: the end and the id of the last build of a page; raises BadQuery."""
    text = query.get("older")
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,12}-[0-9]{1,12}", text):
        raise BadQuery("older is malformed; expected what the last page said")
    end, _, identity = text.partition("-")
    return int(end), int(identity)


def next_page(last: Build) -> str:
    """The parameter `older` of the page after the one that ends with this build."""
    end = int(last.finished.timestamp()) if last.finished else 0
    return f"{end}-{last.id}"
