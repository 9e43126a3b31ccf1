"""What the scripts that write stored files have in common: a table to read, and perhaps a file to write."""

from collections.abc import Sequence
from pathlib import Path

MOST = 2


def wrong(arguments: Sequence[str], usage: str, *, least: int) -> str | None:
    """Return what is wrong with the arguments of a script, or how it is used if that is asked; else None.

    Examples
    --------
    >>> wrong(["--help"], "python -m fit [TABLE.csv]", least=0)
    'usage: python -m fit [TABLE.csv]'
    >>> wrong(["no-such.csv"], "python -m fit [TABLE.csv]", least=0)
    'no-such.csv: there is no such file; usage: python -m fit [TABLE.csv]'
    """
    if not least <= len(arguments) <= MOST or any(word.startswith("-") for word in arguments):
        return f"usage: {usage}"
    if arguments and not Path(arguments[0]).is_file():
        return f"{arguments[0]}: there is no such file; usage: {usage}"
    return None
