"""Values as TOML text."""

import re
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def toml_value(value: Any) -> str:
    r"""Write a value so that `tomllib` reads it back.

    Examples
    --------
    >>> toml_value({"a": [1, 2.5, True, 'say "x"']})
    '{a = [1, 2.5, true, "say \\"x\\""]}'
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return toml_text(value)
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{toml_key(key)} = {toml_value(item)}" for key, item in value.items()) + "}"
    return "[" + ", ".join(toml_value(item) for item in value) + "]"


def toml_key(word: str) -> str:
    """Write one part of a key.

    Examples
    --------
    >>> toml_key("gpu_hbm3"), toml_key("a b")
    ('gpu_hbm3', '"a b"')
    """
    return word if _BARE.fullmatch(word) else toml_text(word)


def toml_text(text: str) -> str:
    """Write text as a basic string on one line."""
    return '"' + "".join(_ESCAPES.get(c) or (c if c.isprintable() else _escape(c)) for c in text) + '"'


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}"
