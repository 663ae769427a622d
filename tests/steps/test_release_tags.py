"""A release tag that upstream moves is not taken silently."""

import pytest

from model.component import Source
from steps.release_tags import moved_tag_problem

OLD, NEW, OTHER = "a" * 40, "b" * 40, "c" * 40

CASES = {
    "the same commit": (OLD, None, ""),
    "another commit": (NEW, None, "the tag 1.0 was aaaaaaaaaaaa and is bbbbbbbbbbbb now: upstream"),
    "another commit, which is accepted": (NEW, NEW, ""),
    "another commit, accepted by the beginning of its id": (NEW, NEW[:9], ""),
    "moved again after that": (OTHER, NEW, "the tag 1.0 was aaaaaaaaaaaa and is cccccccccccc now"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_moved_tag_is_refused_until_its_commit_is_accepted(case: str) -> None:
    commit, accepted, words = CASES[case]
    source = Source(repository="https://example.org/x.git", release="1.*", moved_to=accepted)
    problem = moved_tag_problem(source, "1.0", OLD, commit)
    assert words in problem
    assert bool(words) == bool(problem)
    assert not problem or f'write moved_to = "{commit}"' in problem
