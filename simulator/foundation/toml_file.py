"""A TOML file of the user's own: read whole, or refused with the reason."""

import tomllib
from pathlib import Path
from typing import Any, Final

LARGEST_BYTES: Final = 4 * 2**20


def read_toml(file: Path, noun: str) -> dict[str, Any]:
    """Read a TOML file in UTF-8, with or without a byte-order mark.

    Parameters
    ----------
    file : Path
        To read.
    noun : str
        What it should be, for the message on a file that is too large.

    Raises
    ------
    ValueError
        If it cannot be read, is no TOML, or is larger than 4 MiB; without the file's name.
    """
    try:
        if file.exists() and not file.is_file():
            raise ValueError("this is not a file")
        if file.exists() and file.stat().st_size > LARGEST_BYTES:
            raise ValueError(f"larger than 4 MiB, which is no {noun}")
        return tomllib.loads(file.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 text, at byte {error.start}") from None
    except RecursionError:
        raise ValueError("lists or tables are nested too deeply") from None
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"not TOML: {error}") from None
