"""``resolved.toml``: the scenario with every default written out and every figure with its source."""

from collections.abc import Mapping, Sequence

from simulator.scenario.lines import Path, undotted
from simulator.scenario.text import toml_key
from simulator.scenario.values import Assumption, Scenario

Rows = Sequence[tuple[str, Assumption]]
_ORDER = ("note", "model", "data", "cluster", "throughput", "parallelism", "phases", "failures", "checkpoint",
          "recovery", "spares", "repair", "retirement", "pricing", "lifecycle", "shared", "published",
          "run")  # fmt: skip


def resolved_toml(scenario: Scenario) -> str:
    """Write a scenario as TOML that loads to an equal one; sources, and facts that were looked up, are comments.

    Returns
    -------
    str
        Ends with a line break.
    """
    tables = _tables(scenario.assumptions)
    head = [f"# {_one_line(scenario.name)}: every setting, where it came from, and what follows from it",
            f"# fingerprint {scenario.fingerprint}", ""]  # fmt: skip
    blocks = [_lines(tables.pop((), []))]
    blocks += [
        [_header(path), *_lines(rows)] for path, rows in sorted(tables.items(), key=lambda item: _place(item[0]))
    ]
    text = "\n".join([*head, *(line for block in blocks if block for line in (*block, ""))])
    warnings = "".join(f"# warning: {_one_line(warning)}\n" for warning in scenario.warnings)
    return text.rstrip("\n") + "\n" + (f"\n{warnings}" if warnings else "")


def _tables(assumptions: Sequence[Assumption]) -> dict[Path, list[tuple[str, Assumption]]]:
    """Group settings by table; facts go below the setting's table that holds them."""
    tables: dict[Path, list[tuple[str, Assumption]]] = {}
    for row in assumptions:
        path = undotted(row.path)
        if row.toml is not None:
            tables.setdefault(_table(path), []).append(
                (".".join(toml_key(str(p)) for p in path[len(_table(path)) :]), row)
            )
    for row in assumptions:
        path = undotted(row.path)
        if row.toml is None:
            table = max((known for known in tables if path[: len(known)] == known), key=len, default=path[:1])
            tables.setdefault(table, []).append((".".join(str(p) for p in path[len(table) :]), row))
    return tables


def _table(path: Path) -> Path:
    """Return the table in which a setting is written."""
    return path[:-1] if len(path) > 1 else ()


def _place(path: Path) -> tuple[int, tuple[str, ...]]:
    section = str(path[0])
    if section == "lifecycle":  # stages keep their order: it settles who is served first
        return _ORDER.index(section), ()
    order = _ORDER.index(section) if section in _ORDER else len(_ORDER)
    return order, tuple(f"{part:06d}" if isinstance(part, int) else part for part in path)


def _header(path: Path) -> str:
    name = ".".join(toml_key(part) for part in path if isinstance(part, str))
    return f"[[{name}]]" if isinstance(path[-1], int) else f"[{name}]"


def _lines(rows: Rows) -> list[str]:
    return [_setting(key, row) for key, row in rows if row.toml is not None] + [
        _fact(key, row) for key, row in rows if row.toml is None
    ]


def _setting(key: str, row: Assumption) -> str:
    return f"{key} = {row.toml}  # {_source(row)}"


def _fact(key: str, row: Assumption) -> str:
    return f"# {_one_line(key)}: {_one_line(row.value)}  # {_source(row)}"


def _source(row: Assumption) -> str:
    marks: Mapping[str, str] = {"M": " (unverified)", "V": " (vendor's statement)", "S": " (secondary)"}
    return _one_line(row.source) + marks.get(row.evidence, "")


def _one_line(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)
