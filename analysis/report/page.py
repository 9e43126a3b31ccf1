"""The report as one HTML file that needs nothing else: pictures, style and scenario are inside."""

import base64
import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from analysis.metrics.energy import sentence
from analysis.metrics.published import missing
from analysis.report import doubts, tables, words
from analysis.report.exhibits import Written, doubtful, exhibits, written
from analysis.report.findings import Findings
from analysis.report.glossary import explained, meanings_of
from simulator.catalogue.reader import EVIDENCE
from simulator.scenario.api import resolved_toml

_HERE = Path(__file__).resolve().parent
_NOTES = {
    "published": "Published",
    "assumed": "Assumed here",
    "missing": "Missing",
    "hours_kind": "Net or gross",
}


def page(found: Findings, facts: Mapping[str, Any], *, notes: Sequence[str] = ()) -> str:
    """Return the report.

    Parameters
    ----------
    found : Findings
        What to show.
    facts : mapping
        The result for programs, as ``flopcast run --json`` prints it; goes into the file for download.
    notes : sequence of str
        Further warnings for the reader.
    """
    at_hand = written(exhibits(found))  # before what is waited for
    return filled(
        "page.html",
        [*at_hand, *written(doubtful(found))],
        **_text(found, notes),
        **_tables(found),
        **doubts.shown(found.doubts, found.scenario),
        scenario_data=data_uri(resolved_toml(found.scenario), "application/toml"),
        facts_data=data_uri(json.dumps(facts, indent=2, allow_nan=False) + "\n", "application/json"),
    )


def filled(template: str, shown: Sequence[Written], /, **values: Any) -> str:
    """Return one of our templates filled in, with the style of all our pages.

    Parameters
    ----------
    template : str
        Name of the file beside this module.
    shown : sequence of Written
        Each goes to its section, which the template has to ask for.
    values : Any
        What else the template names.
    """
    environment = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    pictures = _Pictures()
    for each in shown:
        svg = Markup(each.svg)  # noqa: S704 - escaped as it was drawn
        pictures.by_section[each.section].append({"svg": svg, "caption": each.caption})
    environment.filters |= {"explained": explained, "meanings": meanings_of, "breakable": _breakable}
    html = environment.get_template(template).render(
        **values,
        style=Markup((_HERE / "page.css").read_text(encoding="utf-8")),  # noqa: S704 - our own file
        pictures=pictures,
    )
    left_out = pictures.by_section.keys() - pictures.asked
    assert not left_out, f"{template} shows no pictures of {sorted(left_out)}; it asks for {sorted(pictures.asked)}"
    return html


class _Pictures:
    """Pictures by section, none where a section has none; remembers which ones the template asks for."""

    def __init__(self) -> None:
        self.by_section: defaultdict[str, list[dict[str, str]]] = defaultdict(list)
        self.asked: set[str] = set()

    def __getitem__(self, section: str) -> Sequence[Mapping[str, str]]:
        self.asked.add(section)
        return self.by_section.get(section, ())


def _breakable(path: str) -> Markup:
    """Return a dotted path that a narrow column may break behind its dots and underscores."""
    return Markup(re.sub(r"([._])", r"\1<wbr>", str(escape(path))))  # noqa: S704 - escaped


def data_uri(text: str, kind: str) -> str:
    """Return a text as an address that contains it.

    Examples
    --------
    >>> data_uri("a = 1", "application/toml")
    'data:application/toml;base64,YSA9IDE='
    """
    return f"data:{kind};base64,{base64.b64encode(text.encode()).decode()}"


def _text(found: Findings, notes: Sequence[str]) -> dict[str, Any]:
    forecast, scenario = found.forecast, found.scenario
    known = scenario.published
    return {
        "title": scenario.title,
        "name": scenario.name,
        "answer": words.answer(forecast),
        "calendar": words.calendar(forecast),
        "added": words.added(forecast),
        "chance": words.chance(scenario),
        "basis": forecast.basis,
        "remarks": forecast.remarks,
        "energy_words": "" if forecast.energy is None else sentence(forecast.energy),
        "tariff_source": scenario.tariff.quote.source,
        "tariff_standing": EVIDENCE.get(scenario.tariff.quote.evidence, scenario.tariff.quote.evidence),
        "effective_mfu": forecast.effective_mfu,
        "missing": missing(forecast),
        "published_source": known.source if known else "",
        "published_standing": EVIDENCE.get(known.evidence, known.evidence) if known else "",
        "notes": [(_NOTES.get(key, key.replace("_", " ").capitalize()), text) for key, text in scenario.notes.items()],
        "warnings": [*notes, *forecast.warnings],
        "doubtful": words.doubtful(tables.listed(scenario)),
        "replicas": forecast.replicas,
        "seed": forecast.seed,
        "version": forecast.version,
        "engine": forecast.engine,
        "engine_reason": forecast.engine_reason,
        "fingerprint": scenario.fingerprint,
        "resolved": resolved_toml(scenario),
    }


def _tables(found: Findings) -> dict[str, Any]:
    return {
        "quantities": tables.quantities(found.forecast),
        "phases": tables.phases(found.forecast),
        "causes": tables.causes(found.forecast),
        "ledger": tables.ledger(found.forecast),
        "bases": tables.bases(found.forecast),
        "energy": tables.energy(found.forecast),
        "lever_table": tables.Table(
            ("option", "dollars saved", "95 % interval", "days saved"), doubts.levers(found.doubts)
        ),
        "months": tables.months(found),
        "published": tables.published(found.forecast),
        "assumptions": tables.assumptions(found.scenario),
    }
