"""Which tags are releases, and in which order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.component import Source
from model.tags import all_releases, followed_releases, order_remark, sort_key

IN_ORDER = [
    ["3.2rc9", "3.2rc10", "3.2", "3.2.7", "3.2.7.1", "3.10"],
    ["2.8.0-b1", "2.8.0-rc1", "2.8.0", "2.8.1"],
    ["1.22.0rc-FINAL", "1.22.0", "1.23.0-rc.1", "1.23.0", "1.23.3"],
    ["wmf/1.23wmf2", "wmf/1.23wmf10", "wmf/1.24wmf1"],
    ["v4.0-beta.1", "v4.0", "4.1.13", "v4.2-b1"],
    ["2014050200", "2014110100"],
    ["2.0-rc1+build7", "2.0", "2.0+build5", "2.0+build10", "2.0.1"],
    ["1.0.2-beta3", "1.0.2", "1.0.2a", "1.0.2k", "1.0.2.1", "1.0.3"],
    ["v1.9", "V2.0", "release-2.1", "3.0"],
    ["beta-2.0", "1.0"],
    ["9.6", "9.6p1", "9.6p2", "9.7"],
    ["1.0a1", "1.0b2", "1.0rc1", "1.0", "1.0.post1", "1.1.dev1", "1.1"],
    ["REL1_39_9", "REL1_39_10"],
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


UNCLEAR = {
    ("1.0.2", "1.0.2a"): "1.0.2a counts as newer than 1.0.2",
    ("1.0foo", "1.0"): "1.0 counts as newer than 1.0foo",
    ("1.0-rc1", "1.0"): "",
    ("2.0", "2.0+build5"): "",
    ("2.0", "V2.1"): "",
    ("1.0",): "",
}


@pytest.mark.parametrize(("releases", "remark"), UNCLEAR.items(), ids=str)
def test_an_order_about_which_people_may_disagree_is_said(
    releases: tuple[str, ...], remark: str
) -> None:
    sentence = f"{remark}, which is unclear: name one as 'release'"
    assert order_remark([*releases]) == (sentence if remark else "")


numbers = st.lists(st.integers(0, 3000), min_size=1, max_size=4)


@given(numbers, numbers, st.sampled_from(["", "v", "V", "release-", "REL_"]))
def test_numbers_sort_by_value_whatever_is_written_before_them(
    one: list[int], other: list[int], prefix: str
) -> None:
    first, second = (".".join(map(str, version)) for version in (one, other))
    assert (sort_key(f"{prefix}{first}") < sort_key(second)) == (one < other)


@given(st.data(), st.lists(st.text("ab19.+-_vV", max_size=8), max_size=6))
def test_the_order_does_not_depend_on_that_of_the_server(
    data: st.DataObject, tags: list[str]
) -> None:
    source = follow("*", tags="")
    assert all_releases(source, data.draw(st.permutations(tags))) == all_releases(source, tags)
