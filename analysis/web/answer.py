"""From what is chosen on the page to an answer: choices -> changes of a scenario -> forecast, with a cap on the work.

Every choice becomes a ``--set`` of the command line, so that the page and ``flopcast run --json`` give equal numbers.
Own scenarios are text: they extend shipped ones only, and name no file.
"""

import math
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from analysis.metrics.forecast import Forecast, forecast
from simulator.catalogue.reader import CatalogueError, entry, read
from simulator.engine.run import choose, run
from simulator.foundation.issues import Issue, ScenarioError, not_among
from simulator.foundation.units import UnitError, parse, show
from simulator.scenario.api import is_life_alone, resolve
from simulator.scenario.changes import retitled, set_value
from simulator.scenario.keys import NO_FAILURES
from simulator.scenario.lines import dotted, undotted
from simulator.scenario.load import Loaded, load, load_text, shipped
from simulator.scenario.text import toml_key, toml_value
from simulator.scenario.values import Scenario, rate_per_s
from simulator.scenario.written import resolved_toml

REPLICAS: Final = 400
LONGEST_TEXT: Final = 20_000  # characters of an own scenario
MOST_STOPS: Final = 400_000  # of all replicas together, so that an answer takes less than a second
MOST_TOKENS: Final = 1e15
MOST_ACCELERATORS: Final = 1_000_000
TERMS: Final = ("on_demand", "spot", "commit_1y", "commit_3y", "negotiated")
OWN: Final = "own"
_SPEEDS: Final = ("mfu", "tokens_per_second_per_accelerator", "step_time")
_SELLERS: Final = ("provider", "region")


class TooMuchError(ValueError):
    """A scenario that takes longer than a page should wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What the page asks; None where the scenario does not say, and the page leaves it so.

    Parameters
    ----------
    architecture, accelerator, failures : str or None
        Keys of the catalogue; `failures` may be ``none``.
    tokens : float or None
        Tokens of the whole run.
    accelerators : int or None
        How many work at once.
    term : str or None
        One of `TERMS`; None where the scenario states its own rate.
    discount : float or None
        Share off the list price, 0 to 1; None where it is a range or not asked.
    price_date : date or None
        Day of the price.
    interval_min : float or None
        Work between saves [min]; None where another policy sets it.
    """

    architecture: str | None
    tokens: float | None
    accelerator: str | None
    accelerators: int | None
    term: str | None
    discount: float | None
    price_date: date | None
    failures: str | None
    interval_min: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """The scenario that the page starts from: a shipped name, or a text."""

    name: str
    text: str | None = None

    def loaded(self, sets: Sequence[str] = ()) -> Loaded:
        """Return the scenario with changes, before anything is looked up."""
        return load(self.name, sets=sets) if self.text is None else load_text(self.text, name=OWN, sets=sets)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the choices come to, and how the same is had elsewhere."""

    base: Base
    sets: Sequence[str]
    notes: Sequence[str]
    forecast: Forecast


def offered() -> Sequence[str]:
    """Return the shipped scenarios that the page can answer."""
    return [name for name in shipped() if _is_quick(name)]


def _is_quick(name: str) -> bool:
    loaded = load(name)
    if is_life_alone(loaded):
        return False
    try:
        capped(resolve(loaded))
    except TooMuchError:
        return False
    return True


def own(text: str) -> Base:
    """Accept a scenario as text.

    Raises
    ------
    TooMuchError
        If it is too long.
    """
    if len(text) > LONGEST_TEXT:
        raise TooMuchError(f"the scenario has {len(text):,} characters; the page takes {LONGEST_TEXT:,}")
    return Base(name=OWN, text=text)


def choices(kind: str) -> Sequence[str]:
    """Return the keys of one kind of the catalogue; of failures also the word for none."""
    return list(dict.fromkeys([*([NO_FAILURES] if kind == "failures" else []), *read(kind)]))


def form_of(base: Base) -> Form:
    """Return what a scenario says, for the page to show at first."""
    document = base.loaded().document
    section: dict[str, Mapping[str, Any]] = {
        name: table if isinstance(table := document.get(name), dict) else {}
        for name in ("model", "data", "cluster", "failures", "checkpoint", "pricing")
    }
    pricing, failures, checkpoint = section["pricing"], section["failures"], section["checkpoint"]
    is_own = "catalogue" not in failures and bool(failures.get("causes"))
    hourly = any("hours" in phase for phase in document.get("phases", []) if isinstance(phase, dict))
    periodic = checkpoint.get("policy", "periodic") == "periodic"
    return Form(
        architecture=None if hourly else _key("architectures", section["model"].get("architecture")),
        tokens=None if hourly else _number(section["data"].get("tokens"), "tokens"),
        accelerator=_key("accelerators", section["cluster"].get("accelerator")),
        accelerators=_count(section["cluster"].get("accelerators")),
        term=None if "rate" in pricing or "parts" in pricing else _term(pricing.get("term", "on_demand")),
        discount=_number(pricing.get("discount", None if pricing.get("term") == "negotiated" else 0.0), "ratio"),
        price_date=None if "rate" in pricing else _day(pricing.get("date", document.get("start"))),
        failures=None if is_own else _failures(failures),
        interval_min=_minutes(checkpoint.get("interval", "60 min")) if periodic else None,
    )


def _failures(written: Mapping[str, Any]) -> str | None:
    """Return the catalogue of failures; None for a file, whose name no page offers."""
    named = written.get("catalogue", NO_FAILURES)
    if written.get("enabled") is False or named == NO_FAILURES:
        return NO_FAILURES
    return _key("failures", named)


def _key(kind: str, written: object) -> str | None:
    """Return the catalogue's own key of a word; None for a table, a file or nothing."""
    try:
        return entry(kind, written).key if isinstance(written, str) else None
    except CatalogueError:
        return None


def _number(written: object, dimension: str) -> float | None:
    try:
        return parse(written, dimension) if isinstance(written, str | int | float) else None
    except UnitError:
        return None


def _count(written: object) -> int | None:
    return written if isinstance(written, int) and not isinstance(written, bool) else None


def _term(written: object) -> str | None:
    return written if isinstance(written, str) and written in TERMS else None


def _day(written: object) -> date | None:
    return written if isinstance(written, date) else None


def _minutes(written: object) -> float | None:
    seconds = _number(written, "time")
    return None if seconds is None else seconds / 60.0


def changes(base: Base, form: Form) -> tuple[Sequence[str], Sequence[str]]:
    """Return the changes that make the base what the form says, and notes on what had to go with them.

    Raises
    ------
    ScenarioError
        If a choice is none of those that the page offers.
    """
    first, loaded = form_of(base), base.loaded()
    _check(form, first)
    sets: list[str] = []
    notes: list[str] = []
    plain = (("model.architecture", "architecture"), ("cluster.accelerator", "accelerator"),
             ("cluster.accelerators", "accelerators"), ("pricing.term", "term"))  # fmt: skip
    for path, name in plain:
        if (value := getattr(form, name)) is not None and value != getattr(first, name):
            sets.append(f"{path}={value}")
    if form.tokens is not None and form.tokens != first.tokens:
        sets.append(f"data.tokens={_tokens(form.tokens)}")
    if form.discount is not None and form.discount != first.discount:
        sets.append(f"pricing.discount={form.discount!r}")
    if form.price_date is not None and form.price_date != first.price_date:
        sets.append(f"pricing.date={form.price_date.isoformat()}")
    if form.failures is not None and form.failures != first.failures:
        sets += _stops(form.failures, loaded)
    if form.interval_min is not None and form.interval_min != first.interval_min:
        sets += [*(["checkpoint.policy=periodic"] if first.interval_min is None else []),
                 f"checkpoint.interval={form.interval_min:.6g} min"]  # fmt: skip
    other_machine = form.accelerator != first.accelerator
    if other_machine or form.architecture != first.architecture:
        sets += _gone(loaded, "throughput", _SPEEDS, notes, "the stated speed belongs to another model or accelerator")
    if other_machine or form.term != first.term:
        sets += _gone(loaded, "pricing", _SELLERS, notes, "any provider is looked up")
    return sets, notes


def _tokens(tokens: float) -> str:
    text = show(tokens, "tokens")
    return text if parse(text, "tokens") == tokens else repr(tokens)


def _stops(failures: str, loaded: Loaded) -> Sequence[str]:
    if failures == NO_FAILURES:
        return ["failures.enabled=false"]
    is_off = loaded.document.get("failures", {}).get("enabled") is False
    return [*(["failures.enabled=true"] if is_off else []), f"failures.catalogue={failures}"]


def _gone(loaded: Loaded, section: str, names: Sequence[str], notes: list[str], why: str) -> Sequence[str]:
    """Take away what does not fit the choice any more, and say so."""
    table = loaded.document.get(section, {})
    stated = [name for name in names if name in table]
    notes += [f"{section}.{name} = {table[name]} is left out: {why}." for name in stated]
    return [f"{section}.{name}=" for name in stated]


def _check(form: Form, first: Form) -> None:
    """Refuse what the page does not offer: its values come from a browser."""
    allowed: Mapping[str, tuple[str | None, Sequence[str]]] = {
        "model": (form.architecture, [*choices("architectures"), *_present(first.architecture)]),
        "accelerator": (form.accelerator, [*choices("accelerators"), *_present(first.accelerator)]),
        "term": (form.term, TERMS),
        "failures": (form.failures, [*choices("failures"), *_present(first.failures)]),
    }
    issues = [Issue(path=name, message=not_among(value, words))
              for name, (value, words) in allowed.items() if value is not None and value not in words]  # fmt: skip
    ranges = (("tokens", form.tokens, 1e6, MOST_TOKENS), ("accelerators", form.accelerators, 1, MOST_ACCELERATORS),
              ("discount", form.discount, 0, 1), ("interval", form.interval_min, 0.1, 1e6))  # fmt: skip
    issues += [Issue(path=name, message=f"expected {least:g} to {most:g}, found {value:g}")
               for name, value, least, most in ranges if value is not None and not least <= value <= most]  # fmt: skip
    if issues:
        raise ScenarioError(issues)


def _present(word: str | None) -> Sequence[str]:
    return [] if word is None else [word]


def expected_stops(scenario: Scenario) -> float:
    """Return about how often a run stops: attempts at a cycle of work and save succeed with exp(-rate x length)."""
    stops = 0.0
    for stage in scenario.stages:
        rate, cycle = rate_per_s(scenario, stage), stage.cycle
        work_s = min(cycle.work_s, stage.work_s)
        if rate > 0 and work_s > 0:
            stops += stage.work_s / work_s * math.expm1(min(rate * (work_s + cycle.write_s), 700.0))
    return stops


def capped(scenario: Scenario) -> int:
    """Return how many replicas the page gives a scenario.

    Raises
    ------
    TooMuchError
        If it would take too long.
    """
    engine, reason = choose(scenario)
    if engine != "estimate":
        raise TooMuchError(f"this needs the event engine ({reason}): use `flopcast run`, which takes longer")
    if scenario.shared is not None:
        raise TooMuchError("a run on a shared cluster waits in a queue that takes long to simulate: use `flopcast run`")
    stops = expected_stops(scenario)
    if stops * REPLICAS > MOST_STOPS:
        raise TooMuchError(
            f"a run would stop some {stops:,.0f} times, too often for a page: save more often, or use `flopcast run`"
        )
    return REPLICAS


def ask(base: Base, form: Form) -> Answer:
    """Return the answer.

    Raises
    ------
    ScenarioError
        With every problem of the scenario.
    TooMuchError
        If it would take too long.
    """
    chosen, notes = changes(base, form)
    sets = [*chosen, f"run.replicas={REPLICAS}"]
    scenario = resolve(base.loaded(retitled(base.loaded(), sets)))
    replicas = range(capped(scenario))
    return Answer(base=base, sets=sets, notes=notes, forecast=forecast(scenario, run(scenario, replicas), replicas))


def command(answer: Answer) -> str:
    """Return the command that gives the same numbers.

    Examples
    --------
    >>> base = Base(name="llama-65b")
    >>> command(ask(base, form_of(base)))
    'flopcast run llama-65b --replicas 400'
    """
    name = answer.base.name if answer.base.text is None else "own.toml"
    sets = [word for change in answer.sets[:-1] for word in ("--set", change)]
    return shlex.join(["flopcast", "run", name, *sets, "--replicas", str(REPLICAS)])


def share(answer: Answer) -> str:
    """Return a text that says the same on this page, or in a file: short for shipped scenarios, whole for own ones."""
    if answer.base.text is not None:
        return resolved_toml(answer.forecast.scenario)
    tables: dict[str, list[str]] = {}
    without = []
    for path, _, value in (change.partition("=") for change in answer.sets):
        section, *rest = undotted(path)
        if value:
            tables.setdefault(str(section), []).append(
                f"{'.'.join(toml_key(str(part)) for part in rest)} = {toml_value(set_value(value))}"
            )
        else:
            without.append(dotted((section, *rest)))
    lines = [f"extends = {toml_value(answer.base.name)}", *([f"without = {toml_value(without)}"] if without else [])]
    if retitled(answer.base.loaded(), answer.sets) != list(answer.sets):
        lines.append(f"title = {toml_value(answer.forecast.scenario.title)}")
    for section, settings in tables.items():
        lines += ["", f"[{section}]", *settings]
    return "\n".join(lines) + "\n"
