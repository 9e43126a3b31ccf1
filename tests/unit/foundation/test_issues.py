"""Problems with a path."""

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.foundation.issues import Issue, ScenarioError, nearest, not_among, shorten


@pytest.mark.parametrize(("issue", "text"), [
    (Issue(message="is bad"), "is bad"),
    (Issue(message="is bad", path="run.seed"), "run.seed: is bad"),
    (Issue(message="is bad", file="a.toml"), "a.toml: is bad"),
    (Issue(message="is bad", path="run.seed", file="a.toml", line=3), "a.toml:3: run.seed: is bad"),
    (Issue(message="is bad", line=3), "is bad"),
])  # fmt: skip
def test_text(issue: Issue, text: str) -> None:
    assert str(issue) == text


def test_place_is_added() -> None:
    assert Issue(message="m", path="p").at("f", 1) == Issue(message="m", path="p", file="f", line=1)
    assert Issue(message="m").at("f", None).line is None


def test_all_issues_at_once_and_through_a_pickle() -> None:
    error = ScenarioError(Issue(message=str(number)) for number in range(3))
    assert str(error) == "0\n1\n2"
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.issues, str(again)) == (ScenarioError, error.issues, str(error))


def test_an_error_has_an_issue() -> None:
    with pytest.raises(AssertionError, match="explains nothing"):
        ScenarioError([])


@settings(derandomize=True, deadline=None)
@given(words=st.lists(st.text("abcdef", min_size=3, max_size=9), min_size=1, max_size=8), upper=st.booleans())
def test_a_word_is_nearest_to_itself(words: list[str], upper: bool) -> None:
    word = words[0]
    assert nearest(word.upper() if upper else word, words) == word


def test_long_lists_are_cut() -> None:
    message = not_among("zzz", [f"word{number:02}" for number in range(20)])
    assert message.startswith("'zzz' is not known; allowed: word00, ")
    assert message.endswith("word11, and 8 more")


def test_values_are_cut() -> None:
    assert shorten(12345, 3) == "123..."
    assert shorten("abc", 3) == "abc"
