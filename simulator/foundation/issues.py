"""Problems with a path: what is wrong, where, and what would be right.

Readers collect every problem of a text before they give up, so that a user mends a file once.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One problem in one place.

    Parameters
    ----------
    message : str
        What was found and what is allowed, as one sentence without a full stop.
    path : str
        Dotted path of the value, such as ``cluster.accelerators``; empty for the file as a whole.
    file : str or None
        The file as the user named it.
    line : int or None
        Line in that file, from 1.

    Examples
    --------
    >>> print(Issue(file="a.toml", line=3, path="run.seed", message="-1 is negative"))
    a.toml:3: run.seed: -1 is negative
    """

    message: str
    path: str = ""
    file: str | None = None
    line: int | None = None

    def __str__(self) -> str:
        place = self.file or ""
        if self.file and self.line is not None:
            place = f"{self.file}:{self.line}"
        return ": ".join(part for part in (place, self.path, self.message) if part)

    def at(self, file: str, line: int | None) -> "Issue":
        """Return the same problem with its place in a file."""
        return replace(self, file=file, line=line)


class ScenarioError(ValueError):
    """Every problem that kept a scenario from being used.

    Parameters
    ----------
    issues : iterable of Issue
        At least one.
    """

    def __init__(self, issues: Iterable[Issue]) -> None:
        self.issues: Sequence[Issue] = tuple(issues)
        if not self.issues:
            raise AssertionError("a ScenarioError without an issue explains nothing")
        super().__init__("\n".join(str(issue) for issue in self.issues))

    def __reduce__(self) -> tuple[type["ScenarioError"], tuple[Sequence[Issue]]]:
        """Pickle by the issues, so that worker processes can hand the error on."""
        return type(self), (self.issues,)


def nearest(word: str, words: Iterable[str]) -> str | None:
    """Return the word that the user probably meant, or None.

    Examples
    --------
    >>> nearest("yung", ["young", "daly", "periodic"])
    'young'
    >>> nearest("zzz", ["young"]) is None
    True
    """
    by_lower = {candidate.lower(): candidate for candidate in words}
    found = get_close_matches(word.lower(), by_lower, n=1, cutoff=0.5)
    return by_lower[found[0]] if found else None


def not_among(word: str, words: Iterable[str], *, most: int = 12, meant: str | None = None) -> str:
    """Say that a word is unknown, what is allowed, and which word is nearest: `meant`, where that is known better.

    Examples
    --------
    >>> not_among("yung", ["young", "daly", "daly"])
    "'yung' is not known, did you mean 'young'? Allowed: daly, young"
    """
    allowed = sorted(set(words))
    shown = ", ".join(allowed[:most]) + (f", and {len(allowed) - most} more" if len(allowed) > most else "")
    guess = meant or nearest(word, allowed)
    hint = f", did you mean {guess!r}? Allowed: " if guess else "; allowed: "
    return f"{shorten(word)!r} is not known{hint}{shown}"


def shorten(text: object, most: int = 60) -> str:
    """Cut a value for a message, so that a binary file does not fill the screen.

    Examples
    --------
    >>> shorten("x" * 100, 5)
    'xxxxx...'
    """
    whole = text if isinstance(text, str) else str(text)
    return whole if len(whole) <= most else whole[:most] + "..."
