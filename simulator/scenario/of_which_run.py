"""Published figures and notes hold for the run that they were written of: its model, its tokens, its accelerators."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from simulator.foundation.units import UnitError, parse
from simulator.scenario import schema
from simulator.scenario.findings import Findings
from simulator.scenario.lines import Path, dotted
from simulator.scenario.merge import OF_A_RUN

_WHAT: Final[Sequence[tuple[tuple[str, str], str | None]]] = (
    (("model", "architecture"), None),
    (("model", "sequence"), "count"),
    (("data", "tokens"), "tokens"),
    (("data", "dataset"), None),
    (("cluster", "system"), None),
    (("cluster", "accelerator"), None),
    (("cluster", "accelerators"), "count"),
)
_OF_PHASES: Final[Mapping[str, str | None]] = {"accelerators": "count", "tokens": "tokens", "hours": "time",
                                               "share": "ratio"}  # fmt: skip


def without_others_figures(document: schema.Document, whole: dict[str, Any], findings: Findings) -> schema.Document:
    """Leave out the figures and notes that were written of another run than the document has become.

    Parameters
    ----------
    document : Document
        With every default.
    whole : dict
        The same as TOML has it; they are taken out of it as well.
    findings : Findings
        Knows which document each figure was written of; told of what is left out, and why.
    """
    loaded = findings.loaded
    now = dict(_identity(loaded.document))
    gone: dict[Path, list[Path]] = {}
    for said, (_, before) in loaded.said_of.items():
        then = dict(_identity(before))
        changed = [path for path in {**then, **now} if then.get(path) != now.get(path)]
        if changed and said[1] in whole.get(str(said[0]), {}):
            gone[said] = changed
    if not gone:
        return document
    files = ", ".join(dict.fromkeys(loaded.said_of[said][0] for said in gone))
    paths = list(dict.fromkeys(dotted(path) for paths in gone.values() for path in paths))
    names = ", ".join(dotted(said).removeprefix("published.") for said in gone)
    findings.fact(("published", "left_out"), f"{names} of {files}",
                  f"said of another run: {', '.join(paths)} differ{'s' * (len(paths) == 1)}")  # fmt: skip
    for table in OF_A_RUN:
        whole[table] = {key: value for key, value in whole.get(table, {}).items() if (table, key) not in gone}
    published = schema.PublishedRun.model_validate(whole["published"])
    return document.model_copy(update={"published": published, "note": whole["note"]})


def _identity(document: Mapping[str, Any]) -> Iterator[tuple[Path, Any]]:
    """Yield what makes a run that run and no other; amounts in base units, so that another spelling is no change."""
    for (section, key), dimension in _WHAT:
        table = document.get(section)
        if isinstance(table, Mapping) and key in table:
            yield (section, key), _plain(table[key], dimension)
    phases = document.get("phases")
    for at, phase in enumerate(phases if isinstance(phases, list) else ()):
        for key, dimension in _OF_PHASES.items():
            if isinstance(phase, Mapping) and key in phase:
                yield ("phases", at, key), _plain(phase[key], dimension)


def _plain(value: Any, dimension: str | None) -> Any:
    if dimension is None or not isinstance(value, str | int | float):
        return value
    try:
        return parse(value, dimension)
    except UnitError:
        return value
