"""On which line of a TOML text each key stands; `tomllib` reads the values but forgets where they were.

The text is known to be valid when it comes here, so the scanner only has to tell keys from values.
"""

import re
from typing import TypeAlias

Path: TypeAlias = tuple[str | int, ...]

_SPACE = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BLANK = re.compile(r"[ \t]*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_MULTILINE = {'"""': re.compile(r'"""(?:[^\\]|\\.)*?"{3,5}', re.DOTALL), "'''": re.compile(r"'''.*?'{3,5}", re.DOTALL)}
_LINE = {'"': re.compile(r'"(?:[^"\\\n]|\\.)*"'), "'": re.compile(r"'[^'\n]*'")}
_PLAIN = re.compile(r"[^,\]}\n#]+")
_INDEX = re.compile(r"\[(\d{1,9})\]")


def lines(text: str) -> dict[Path, int]:
    r"""Return the line of every table and key, from 1.

    Examples
    --------
    >>> lines("[run]\nseed = 1\n[[phases]]\nhours = '1 h'")
    {('run',): 1, ('run', 'seed'): 2, ('phases',): 3, ('phases', 0): 3, ('phases', 0, 'hours'): 4}
    """
    scanner = _Scanner(text)
    scanner.document()
    return scanner.found


def dotted(path: Path) -> str:
    """Write a path as a person would.

    Examples
    --------
    >>> dotted(("phases", 0, "hours")), dotted(("sweep", "run.seed"))
    ('phases[0].hours', 'sweep."run.seed"')
    """
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += ("." if text else "") + (part if _BARE.fullmatch(part) else _quoted(part))
    return text


def undotted(text: str) -> Path:
    """Read a path such as ``phases[0].hours`` or ``failures.causes."my cause".detection``.

    Raises
    ------
    ValueError
        If the text is not a path.

    Examples
    --------
    >>> undotted("phases[0].hours")
    ('phases', 0, 'hours')
    """
    scanner = _Scanner(text.strip())
    path: list[str | int] = [*scanner.key()]
    while match := _INDEX.match(scanner.text, scanner.at):
        path.append(int(match[1]))
        scanner.at = match.end()
        if scanner.text[scanner.at : scanner.at + 1] == ".":
            scanner.at += 1
            path.extend(scanner.key())
    if scanner.at != len(scanner.text):
        raise ValueError(f"cannot read {text!r} as a path; write it like cluster.accelerators or phases[0].hours")
    return tuple(path)


def _quoted(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04X}" for c in escaped) + '"'


class _Scanner:
    """Walks once over the text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.counted = (0, 1)
        self.found: dict[Path, int] = {}
        self.counts: dict[Path, int] = {}  # how many tables an array of tables has so far

    @property
    def line(self) -> int:
        """Return the line of the current position; counts on from the last question."""
        start, number = self.counted
        number += self.text.count("\n", start, self.at)
        self.counted = (self.at, number)
        return number

    def skip(self, pattern: re.Pattern[str]) -> None:
        """Move behind what matches here, if anything does."""
        if match := pattern.match(self.text, self.at):
            self.at = match.end()

    def peek(self) -> str:
        """Return the current character, empty at the end."""
        return self.text[self.at : self.at + 1]

    def note(self, path: Path) -> None:
        """Remember where a path was first seen."""
        self.found.setdefault(path, self.line)

    def document(self) -> None:
        """Walk over all statements."""
        table: Path = ()
        self.skip(_SPACE)
        while self.at < len(self.text):
            if self.peek() == "[":
                table = self.header()
            else:
                self.pair(table)
            self.skip(_SPACE)

    def header(self) -> Path:
        """Read ``[a.b]`` or ``[[a.b]]`` and return the path of the table that begins."""
        brackets = 2 if self.text.startswith("[[", self.at) else 1
        self.at += brackets
        keys = self.key()
        self.at += brackets
        path: Path = ()
        for key in keys[:-1]:
            path = self.inside((*path, key))
        path = (*path, keys[-1])
        self.note(path)
        if brackets == 2:
            self.counts[path] = self.counts.get(path, -1) + 1
            path = self.inside(path)
            self.note(path)
        return path

    def inside(self, path: Path) -> Path:
        """Return the path of the table that a key means: the latest one, if it is an array of tables."""
        return (*path, self.counts[path]) if path in self.counts else path

    def pair(self, table: Path) -> None:
        """Read one ``key = value``."""
        path = table
        for key in self.key():
            path = (*path, key)
            self.note(path)
        self.at += 1  # the equals sign
        self.value(path)

    def key(self) -> list[str]:
        """Read a dotted key, up to what follows it."""
        parts = []
        while True:
            self.skip(_BLANK)
            parts.append(self.word())
            self.skip(_BLANK)
            if self.peek() != ".":
                return parts
            self.at += 1

    def word(self) -> str:
        """Read one part of a key."""
        pattern = _LINE.get(self.peek(), _BARE)
        match = pattern.match(self.text, self.at)
        if match is None:
            raise ValueError(f"cannot read {self.text[:60]!r} as a path; write it like cluster.accelerators")
        self.at = match.end()
        word = match[0]
        return _unquoted(word) if word[0] in _LINE else word

    def value(self, path: Path) -> None:
        """Skip one value, noting the keys and elements inside it."""
        self.skip(_SPACE)
        character = self.peek()
        if character == "{":
            self.table(path)
        elif character == "[":
            self.array(path)
        elif (three := self.text[self.at : self.at + 3]) in _MULTILINE:
            self.skip(_MULTILINE[three])
        else:
            self.skip(_LINE.get(character, _PLAIN))

    def table(self, path: Path) -> None:
        """Walk over an inline table."""
        self.at += 1
        self.skip(_SPACE)
        while self.peek() not in ("}", ""):
            self.pair(path)
            self.comma()
        self.at += 1

    def array(self, path: Path) -> None:
        """Walk over an array."""
        self.at += 1
        self.skip(_SPACE)
        index = 0
        while self.peek() not in ("]", ""):
            self.note((*path, index))
            self.value((*path, index))
            self.comma()
            index += 1
        self.at += 1

    def comma(self) -> None:
        """Skip what stands between two elements."""
        self.skip(_SPACE)
        if self.peek() == ",":
            self.at += 1
        self.skip(_SPACE)


def _unquoted(word: str) -> str:
    import tomllib

    try:
        return str(tomllib.loads(f"word = {word}")["word"])
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"cannot read {word!r} as a key: {error}") from None
