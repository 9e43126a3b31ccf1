"""A failure catalogue entry from what a log of outages says, in the form of the shipped catalogue."""

from collections.abc import Mapping
from datetime import UTC, datetime

from analysis.metrics.outages import CauseStudy, OutageStudy, Repairs, word
from simulator.reliability.fitting import Choice
from simulator.scenario.text import toml_key, toml_value

_DIGITS = 6
_CALENDAR_S = 3e8  # seconds since 1970 are larger; a log that counts from its own start is shorter


def failure_entry(study: OutageStudy, *, key: str, title: str, source: str, node_accelerators: int | None) -> str:
    """Write an entry that a scenario names as ``failures.catalogue = "FILE.toml"``.

    Parameters
    ----------
    study : OutageStudy
        What was found.
    key, title, source : str
        Name of the catalogue, words for people, and where the log is from.
    node_accelerators : int or None
        Accelerators of a node; without it the rates are taken for whatever nodes a scenario has.
    """
    seen = study.observation
    whole = {
        "title": title,
        "node_accelerators": node_accelerators,
        "counts_as": "all_cause",
        "exposure_node_days": seen.node_days,
        "nodes": seen.nodes,
        "source": source,
        "date": day(seen.until_s) or "1970-01-01",
        "evidence": "D",
        "notes": _notes(study),
    }
    causes = [_table(f"{toml_key(key)}.{toml_key(word(cause.name))}", _cause(cause, study)) for cause in study.causes]
    head = '# Written by `flopcast fit failures`. A scenario uses it with failures.catalogue = "THIS_FILE.toml".\n\n'
    return head + "\n".join([_table(toml_key(key), whole), *causes])


def day(at_s: float) -> str | None:
    """Return the date of an instant, or None in a log that counts from its own start.

    Examples
    --------
    >>> day(1020674700), day(5000)
    ('2002-05-06', None)
    """
    return datetime.fromtimestamp(at_s, UTC).date().isoformat() if at_s >= _CALENDAR_S else None


def _cause(cause: CauseStudy, study: OutageStudy) -> Mapping[str, object]:
    laws = cause.uptimes
    return {
        "title": cause.name.replace("_", " ").capitalize(),
        "count": cause.rate.count,
        "rate_per_1000_node_days": cause.rate.per_1000_node_days,
        "rate_low": cause.rate.low,
        "rate_high": cause.rate.high,
        "kind": "fail_stop",
        "blast": "host",
        "nodes_lost": 1,
        **_law("law", laws),
        **_repair(cause.repairs if cause.repairs and cause.repairs.laws else study.repairs),
        "notes": str(cause.youth or ""),
    }


def _law(prefix: str, laws: Choice | None) -> Mapping[str, object]:
    """Return the law's name and its shape, which is all that a law needs beside its mean."""
    if laws is None or laws.best.law == "exponential":
        return {prefix: "exponential"}
    return {prefix: laws.best.law, f"{prefix}_shape": laws.best.shape}


def _repair(repairs: Repairs | None) -> Mapping[str, object]:
    """Return the repair of a cause, or of all where it has too few of its own; each cause states it whole."""
    if repairs is None:
        return {}
    return {
        "repair_mean_s": repairs.mean_s,
        "repair_median_s": repairs.median_s,
        **_law("repair_law", repairs.laws),
    }


def _notes(study: OutageStudy) -> str:
    notes = []
    if study.mtbf_s is not None:
        notes.append(f"A failure somewhere in the fleet every {study.mtbf_s / 3600:.4g} h.")
    if study.lemons:
        named = ", ".join(f"{lemon.node} ({lemon.multiple:.3g} times the rest)" for lemon in study.lemons[:5])
        notes.append(f"{len(study.lemons)} lemons, whose failures are in the rates and whose uptimes are not in the "
                     f"laws: {named}.")  # fmt: skip
    if study.bursts.count > 2 * study.bursts.by_chance + 1:
        notes.append(f"{study.bursts.count} minutes saw several nodes fail ({study.bursts.by_chance:.2g} by chance).")
    if not study.observation.known:
        notes.append("The size of the fleet was not stated: the rates are those of the nodes that failed.")
    return " ".join(notes)


def _table(name: str, fields: Mapping[str, object]) -> str:
    lines = [f"{key} = {toml_value(_short(value))}" for key, value in fields.items() if value not in (None, "")]
    return "\n".join([f"[{name}]", *lines, ""])


def _short(value: object) -> object:
    return float(f"{value:.{_DIGITS}g}") if isinstance(value, float) else value
