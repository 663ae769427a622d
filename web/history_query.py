"""The query of a page of the history."""

import re

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


def older_than(query: Query) -> int | None:
    """The parameter `older`: the id of the last build of a page; raises BadQuery."""
    text = query.get("older")
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise BadQuery("older is malformed; expected what the last page said")
    return int(text)
