"""A hash of everything that changes a result, apart from the seed and the number of replicas."""

import json
from dataclasses import asdict, replace
from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.reliability.causes import Cause
    from simulator.scenario.values import Scenario

ASIDE = frozenset({"name", "title", "seed", "replicas", "notes", "published", "warnings", "assumptions", "fingerprint"})
_CAUSE_ASIDE = ("source", "evidence", "counts_as")
_CAUSE_LATER = ("repair_shape", "law", "age", "domain", "domain_nodes", "rate_count", "rate_sigma", "unsaved")
_QUOTE_ASIDE = ("source", "evidence", "stale")


def _leave_out(cause: dict[str, object], value: "Cause") -> None:
    """Leave out what a cause has not always had, where it says nothing: the hashes of before stay."""
    for key in _CAUSE_LATER:
        if getattr(value, key) == value.__dataclass_fields__[key].default:
            del cause[key]


def fingerprint(scenario: "Scenario") -> str:
    """Return 16 bytes as hexadecimal digits; equal for scenarios that give equal results.

    Floats enter by their shortest exact text, so the hash is the same on every platform.
    """
    brief = replace(scenario, assumptions=(), notes={}, warnings=(), published=None)  # most of a scenario, all in ASIDE
    values = {key: value for key, value in asdict(brief).items() if key not in ASIDE}
    if scenario.power is None or not scenario.power.usd_per_tonne:
        del values["power"]  # energy that nobody pays for changes neither days nor dollars
    if scenario.shared is None:
        del values["shared"]
    for cause, value in zip(values["causes"], scenario.causes, strict=True):
        for key in _CAUSE_ASIDE:
            del cause[key]
        cause["law"] = None if value.law is None else [type(value.law).__name__, cause["law"]]
        _leave_out(cause, value)
    if scenario.spot is None:
        del values["spot"]
    else:
        laws = (scenario.spot.up, scenario.spot.away)
        values["spot"]["laws"] = [type(law).__name__ for law in laws]
    if scenario.maturity is None:
        del values["maturity"]
    if scenario.fleet is None:
        del values["fleet"]
    else:
        del values["fleet"]["why"]
    for portion in values["tariff"]["portions"]:
        for key in _QUOTE_ASIDE:
            del portion["quote"][key]
    text = json.dumps(values, sort_keys=True, default=str, ensure_ascii=True)
    return blake2b(text.encode(), digest_size=16).hexdigest()
