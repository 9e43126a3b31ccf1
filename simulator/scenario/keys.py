"""Which words a scenario may use: keys of the catalogue and of the registries, looked up when they are needed."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import PurePath

from simulator.foundation.issues import not_among
from simulator.foundation.units import UnitError, parse
from simulator.scenario.methods import METHODS

NO_FAILURES = "none"


def entries(kind: str) -> Callable[[], Iterable[str]]:
    """Return a function that lists the keys and aliases of one kind of the catalogue."""

    def words() -> Iterable[str]:
        from simulator.catalogue.reader import read

        table = read(kind)
        return [*table, *(alias for entry in table.values() for alias in entry.aliases)]

    return words


def failure_catalogues() -> Iterable[str]:
    """Return the keys of the failure catalogues, and the word for having none."""
    return [NO_FAILURES, *entries("failures")()]


def failure_catalogue(value: object) -> str:
    """Accept a key of the failure catalogue, or a file of one's own with or without ``#KEY``."""
    return _key_or_file(value, "failure", failure_catalogues)


def system(value: object) -> str:
    """Accept a key of the system catalogue, or a file of one's own with or without ``#KEY``."""
    return _key_or_file(value, "system", entries("systems"))


def _key_or_file(value: object, noun: str, words: Callable[[], Iterable[str]]) -> str:
    if not isinstance(value, str):
        raise ValueError(f"expected a key of the {noun} catalogue, or the path of a .toml file")
    if value.partition("#")[0].endswith(".toml"):
        return value
    known = list(words())
    if value not in known:
        raise ValueError(f"{not_among(value, known)}, or the path of a .toml file")
    return value


def moment_of_trace(value: object) -> str | float:
    """Accept ``random``, or a time from a trace's beginning [s]."""
    if value == "random":
        return "random"
    try:
        return parse(value, "time")
    except UnitError as error:
        raise ValueError(f"expected 'random' or a time such as '3 h': {error}") from None


def checkpoint_policies() -> Iterable[str]:
    """Return the names of the interval policies."""
    from simulator.reliability.checkpoint import POLICIES

    return list(POLICIES)


def failure_laws() -> Iterable[str]:
    """Return the names of the failure laws."""
    from simulator.reliability.laws import LAWS

    return list(LAWS)


def efficiency_methods() -> Iterable[str]:
    """Return the names of the ways to an efficiency."""
    return list(METHODS)


def architecture(value: object) -> object:
    """Accept a key of the catalogue, the path of a JSON file, or a table of counts."""
    if isinstance(value, dict):
        return _checked_table(value)
    if not isinstance(value, str):
        raise ValueError("expected a key of the catalogue, the path of a config.json, or a table of counts")
    if PurePath(value).suffix == ".json":
        return value
    known = list(entries("architectures")())
    if value not in known:
        raise ValueError(f"{not_among(value, known)}, or the path of a config.json")
    return value


def _checked_table(table: Mapping[str, object]) -> Mapping[str, object]:
    from dataclasses import fields

    from simulator.workload.architecture import Architecture

    known = {f.name: f for f in fields(Architecture)}
    for name, value in table.items():
        if name not in known:
            raise ValueError(f"{name}: {not_among(name, known, most=40)}")
        wanted = bool if "bool" in str(known[name].type) else str if name == "norm" else int
        if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
            raise ValueError(f"{name}: expected {_TYPES[wanted]}, found {value!r}")
        if wanted is int and isinstance(value, int) and not 1 <= value <= 10**9:
            raise ValueError(f"{name}: expected a whole number from 1 to 1e9")
    missing = [name for name in ("layers", "hidden", "heads", "ffn", "vocab", "seq") if name not in table]
    if missing:
        raise ValueError(f"the table lacks {', '.join(missing)}")
    from simulator.workload.architecture import architecture as make

    if table.get("norm", "rms") not in ("rms", "layer", "layer-no-bias"):
        raise ValueError(f"norm: {not_among(str(table['norm']), ('rms', 'layer', 'layer-no-bias'))}")
    make(table)
    return table


_TYPES = {bool: "true or false", str: "text", int: "a whole number"}


def host(value: object) -> str | float:
    """Accept ``included``, ``excluded``, or a rate to add [USD/h]."""
    if isinstance(value, str) and value in ("included", "excluded"):
        return value
    try:
        rate = parse(value, "usd_per_h")
    except UnitError as error:
        raise ValueError(f"expected 'included', 'excluded' or a rate such as '$1.10/h': {error}") from None
    if rate == 0:
        raise ValueError("the rate of the host is zero, and no price is; 'excluded' prices the accelerator alone")
    return rate


def queue_policies(value: object) -> list[str]:
    """Accept a queue policy with its options, or a list of them."""
    from simulator.scheduling.policies import make_policy

    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
        raise ValueError("expected a queue policy such as 'easy', or a list of them")
    for text in texts:
        try:
            make_policy(text)
        except KeyError as error:
            raise ValueError(error.args[0]) from None
    return texts


def placement(value: object) -> str:
    """Accept a placement rule with its options."""
    from simulator.scheduling.placement import make_placement

    if not isinstance(value, str):
        raise ValueError("expected a placement rule such as 'rack'")
    try:
        make_placement(value)
    except KeyError as error:
        raise ValueError(error.args[0]) from None
    return value


def node_numbers(value: object) -> list[int]:
    """Accept numbers of nodes.

    Examples
    --------
    >>> node_numbers("0-2, 5"), node_numbers(7)
    ([0, 1, 2, 5], [7])
    """
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str):
        raise ValueError("expected numbers of nodes, such as '0-17, 20'")
    found: list[int] = []
    for part in text.split(","):
        first, dash, last = (piece.strip() for piece in part.partition("-"))
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise ValueError(f"{part.strip()!r} is no number of a node; write numbers such as '0-17, 20'")
        low, high = int(first), int(last or first)
        if not low <= high < 10**6:
            raise ValueError(f"{part.strip()!r} runs backwards, or beyond a million nodes")
        found += range(low, high + 1)
    return sorted(set(found))
