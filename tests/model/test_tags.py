"""Which tags are releases, and in which order."""

import pytest

from model.component import Source
from model.tags import followed_releases, sort_key

IN_ORDER = [
    ["3.2rc9", "3.2rc10", "3.2", "3.2.7", "3.2.7.1", "3.10"],
    ["2.8.0-b1", "2.8.0-rc1", "2.8.0", "2.8.1"],
    ["1.22.0rc-FINAL", "1.22.0", "1.23.0-rc.1", "1.23.0", "1.23.3"],
    ["wmf/1.23wmf2", "wmf/1.23wmf10", "wmf/1.24wmf1"],
    ["v4.0-beta.1", "v4.0", "4.1.13", "v4.2-b1"],
    ["2014050200", "2014110100"],
]


@pytest.mark.parametrize("tags", IN_ORDER, ids=" < ".join)
def test_tags_sort_by_value_with_candidates_before_their_release(tags: list[str]) -> None:
    assert sorted({*tags}, key=sort_key) == tags


def follow(release: str, tags: str = r"^v?\d+(\.\d+)*$") -> Source:
    return Source(repository="https://example.org/x.git", release=release, tags=tags)


FOLLOWED = [
    (follow("6.1.*"), ["6.1", "6.1.2", "6.1.10", "6.2", "6.1.11-rc1"], ["6.1.2", "6.1.10"]),
    (follow("6.1.9"), ["6.1.9", "6.1.10"], ["6.1.9"]),
    (follow("*"), ["v2.0", "1.0", "nightly"], ["1.0", "v2.0"]),
    (follow("wmf/*", tags=r"^wmf/"), ["wmf/1.2wmf10", "wmf/1.2wmf9", "1.3"],
     ["wmf/1.2wmf9", "wmf/1.2wmf10"]),
    (follow("9.*"), ["6.1.2"], []),
]  # fmt: skip


@pytest.mark.parametrize(("source", "tags", "expected"), FOLLOWED, ids=str)
def test_a_series_follows_its_own_releases_only(
    source: Source, tags: list[str], expected: list[str]
) -> None:
    assert followed_releases(source, tags) == expected
