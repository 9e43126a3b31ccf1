"""Which words of a page need an explanation, and where each abbreviation is explained first."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from html import unescape
from itertools import chain
from pathlib import Path
from typing import Final, NamedTuple

from markupsafe import Markup, escape

FILE: Final = Path(__file__).with_name("glossary.toml")

_ASIDE = re.compile(r"(<(?:svg|style|pre|code|head)\b.*?</(?:svg|style|pre|code|head)>|<[^>]*>)", re.DOTALL)
_ALT = re.compile(r'<svg\b[^>]*aria-label="([^"]*)"')
_MARK = re.compile(r"</?abbr\b[^>]*>")
_TOKEN = re.compile(r"(?<![\w.&])[A-Za-z][A-Za-z0-9]*")
_FEWEST_CAPITALS, _LONGEST_SMALL = 2, re.compile("[a-z]{3}")


class Glossary(NamedTuple):
    """Meanings of words, what finds each on a page, meanings of abbreviations, and names that need none."""

    words: Mapping[str, str]
    patterns: Mapping[str, re.Pattern[str]]
    abbreviations: Mapping[str, str]
    names: frozenset[str]

    @property
    def meanings(self) -> Mapping[str, str]:
        """What each word and abbreviation means, in the order of the alphabet."""
        long = {short: f"{text[:1].upper()}{text[1:]}." for short, text in self.abbreviations.items()}
        return dict(sorted([*self.words.items(), *long.items()], key=lambda entry: entry[0].lower()))


@lru_cache(maxsize=1)
def glossary() -> Glossary:
    """Read the file."""
    document = tomllib.loads(FILE.read_text(encoding="utf-8"))
    words = document["words"]
    patterns = {word: entry.get("match", f"(?i:{re.escape(word)}s?)") for word, entry in words.items()}
    return Glossary(
        words={word: entry["meaning"] for word, entry in words.items()},
        patterns={word: re.compile(rf"(?<!\w)(?:{pattern})(?!\w)") for word, pattern in patterns.items()},
        abbreviations=document["abbreviations"],
        names=frozenset(document["names"]),
    )


def abbreviations(text: str) -> Iterator[str]:
    """Yield what looks like an abbreviation and is no name: two capitals, and no three small letters in a row.

    Examples
    --------
    >>> list(abbreviations("MFU of LLaMA on 8 H100s, 120 TFLOP/s; CO2e in kWh? NVLink"))
    ['MFU', 'TFLOP', 'CO2e', 'kWh']
    """
    known = glossary()
    for token in _TOKEN.findall(text):
        if token in known.abbreviations:
            yield token
        elif sum(map(str.isupper, token)) >= _FEWEST_CAPITALS and not _LONGEST_SMALL.search(token):
            short = token.removesuffix("s").rstrip("0123456789")
            if not known.names & {token, short}:
                yield next((each for each in (token.removesuffix("s"), short) if each in known.abbreviations), token)


def visible(page: str) -> str:
    """Return the text of a page: what is written, and what is said of its pictures."""
    written = _ASIDE.sub(" ", _MARK.sub("", page))
    return " ".join(unescape(" ".join([written, *_ALT.findall(page)])).split())


def meanings_of(page: str) -> Mapping[str, str]:
    """Return the words and abbreviations that a page uses, with those that explain them, and what each means."""
    known, text = glossary(), visible(page)
    found: set[str] = set()
    while True:
        seen = {word for word, pattern in known.patterns.items() if pattern.search(text)}
        seen |= known.abbreviations.keys() & set(abbreviations(text))
        if seen <= found:
            return {word: meaning for word, meaning in known.meanings.items() if word in found}
        text = " ".join(known.meanings[word] for word in seen - found)
        found |= seen


def explained(page: str) -> Markup:
    """Say at the first use of each abbreviation what it stands for, for those who point at it.

    Examples
    --------
    >>> print(explained("<b>MFU</b>, MFU"))
    <b><abbr title="model FLOPs utilisation">MFU</abbr></b>, MFU
    """
    done: set[str] = set()
    parts = _ASIDE.split(page)
    texts, asides = parts[::2], [*parts[1::2], ""]
    marked = (_marked(text, done) for text in texts)
    return Markup("".join(chain.from_iterable(zip(marked, asides, strict=True))))  # noqa: S704 - it was markup before


def _marked(text: str, done: set[str]) -> str:
    known = glossary().abbreviations

    def first(match: re.Match[str]) -> str:
        short = next(abbreviations(match[0]), None)
        if short is None or short not in known or short in done:
            return match[0]
        done.add(short)
        return f'<abbr title="{escape(known[short].partition(":")[0])}">{match[0]}</abbr>'

    return _TOKEN.sub(first, text)
