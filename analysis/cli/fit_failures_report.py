"""What ``flopcast fit failures`` prints."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from analysis.cli.fit_laws import laws_json, laws_table, laws_verdict, p_value
from analysis.cli.fit_options import length, wide
from analysis.cli.output import to_json
from analysis.metrics.observation import AgeBin, Rate
from analysis.metrics.outages import CauseStudy, OutageStudy
from analysis.plots.amounts import count
from analysis.report.failure_entry import day
from simulator.reliability.fitting import Choice
from simulator.traces.joblog import DropReport

if TYPE_CHECKING:
    from rich.table import Table

MOST_LEMONS = 8


def rate_text(rate: Rate) -> str:
    """Write a rate with its interval."""
    return f"{rate.per_1000_node_days:.3g} ({rate.low:.3g} to {rate.high:.3g})"


def print_report(name: str, rows: DropReport, study: OutageStudy) -> None:
    """Print everything for people."""
    screen, seen = wide(), study.observation
    since, until = day(seen.since_s), day(seen.until_s)
    when = f"from {since} to {until}" if since and until else f"over {length(seen.until_s - seen.since_s)}"
    screen.print(f"{name}: {rows}")
    screen.print(f"{seen.nodes:,} nodes, {study.failed_nodes:,} of them failed, {when}: "
                 f"{count(seen.node_days)} node-days")  # fmt: skip
    if not seen.known:
        screen.print("the fleet's size is not known: rates are those of the nodes that failed; give --nodes")
    screen.print(f"{study.rate.count:,} failures, per 1000 node-days {rate_text(study.rate)}, 95 % Poisson interval")
    if study.mtbf_s is not None:
        screen.print(f"mean time between failures of the fleet: {length(study.mtbf_s)}")
    _print_laws("Gaps between failures of the fleet", study.gaps)
    apart = f", {len(study.lemons)} lemons left out" if study.lemons else ""
    _print_laws(f"Uptime of one node{apart}", study.uptimes)
    if study.repairs is not None:
        repairs = study.repairs
        none = f", {repairs.instants:,} of no length left out" if repairs.instants else ""
        none += f", {repairs.missing:,} whose end is missing left out" if repairs.missing else ""
        none += f", {repairs.open:,} still out, so both by the law" if repairs.open else ""
        _print_laws(f"Repair: median {length(repairs.median_s)}, mean {length(repairs.mean_s)}{none}", repairs.laws)
    _print_unusual(study)
    screen.print(_age_table(study.ages))
    screen.print(_cause_table(study.causes))
    for cause in study.causes:
        if cause.youth:
            screen.print(f"{cause.name.replace('_', ' ')}: {cause.youth}")


def _print_laws(title: str, laws: Choice | None) -> None:
    screen = wide()
    if laws is None:
        screen.print(f"\n{title}: too few different times to choose a law")
        return
    screen.print("")
    screen.print(laws_table(title, laws))
    screen.print(laws_verdict(laws))


def _print_unusual(study: OutageStudy) -> None:
    screen, bursts = wide(), study.bursts
    screen.print("")
    if study.lemons:
        screen.print(_lemon_table(study))
    else:
        screen.print("no lemons: no node fails five times as often as the rest, beyond chance")
    screen.print(
        f"correlated starts: {bursts.count} minutes with several nodes, {bursts.failures} failures in them, at most "
        f"{bursts.largest} nodes at once; {bursts.by_chance:.2g} such minutes by chance\n"
    )


def _lemon_table(study: OutageStudy) -> "Table":
    more = len(study.lemons) - MOST_LEMONS
    title = f"Lemons: {len(study.lemons)}" + (f", the worst {MOST_LEMONS} of them" if more > 0 else "")
    table = _table(title, ("node", "failures", "times the rest", "by chance"))
    for lemon in study.lemons[:MOST_LEMONS]:
        table.add_row(lemon.node, f"{lemon.failures:,}", f"{lemon.multiple:.3g}", p_value(lemon.chance))
    return table


def _age_table(ages: Sequence[AgeBin]) -> "Table":
    table = _table("Hazard by age in service", ("age", "node-days", "failures", "per 1000 node-days (95 %)"))
    for each in ages:
        to = "on" if each.to_d == math.inf else f"to {each.to_d:g} d"
        table.add_row(f"{each.from_d:g} d {to}", count(round(each.node_days)), f"{each.rate.count:,}",
                      rate_text(each.rate))  # fmt: skip
    return table


def _cause_table(causes: Sequence[CauseStudy]) -> "Table":
    table = _table("Causes", ("cause", "failures", "per 1000 node-days (95 %)", "uptime law", "repair mean", "median"))
    for each in causes:
        law = "too few" if each.uptimes is None else each.uptimes.best.law
        if each.uptimes is not None and law != "exponential":
            law += f", shape {each.uptimes.best.shape:.3g}"
        times = ("", "") if each.repairs is None else (length(each.repairs.mean_s), length(each.repairs.median_s))
        table.add_row(each.name.replace("_", " "), f"{each.rate.count:,}", rate_text(each.rate), law, *times)
    return table


def _table(title: str, heads: tuple[str, ...]) -> "Table":
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for number, name in enumerate(heads):
        table.add_column(name, justify="right" if number else "left")
    return table


def as_json(rows: DropReport, study: OutageStudy) -> str:
    """Return everything for programs; times in seconds, rates per 1000 node-days."""
    seen = study.observation
    document = {
        "rows": rows.facts(),
        "nodes": seen.nodes,
        "nodes_known": seen.known,
        "failed_nodes": study.failed_nodes,
        "since_s": seen.since_s,
        "until_s": seen.until_s,
        "node_days": seen.node_days,
        "rate": asdict(study.rate),
        "mtbf_s": study.mtbf_s,
        "gaps": laws_json(study.gaps),
        "uptimes": laws_json(study.uptimes),
        "repairs": None if study.repairs is None else {
            "mean_s": study.repairs.mean_s, "median_s": study.repairs.median_s, "instants": study.repairs.instants,
            "missing": study.repairs.missing, "open": study.repairs.open,
            "laws": laws_json(study.repairs.laws),
        },
        "lemons": [asdict(lemon) for lemon in study.lemons],
        "bursts": asdict(study.bursts),
        "ages": [
            {"from_d": each.from_d, "to_d": None if each.to_d == math.inf else each.to_d,
             "node_days": each.node_days, "rate": asdict(each.rate)}
            for each in study.ages
        ],
        "causes": [
            {"name": each.name, "rate": asdict(each.rate), "uptimes": laws_json(each.uptimes),
             "repairs": None if each.repairs is None else {
                 "mean_s": each.repairs.mean_s, "median_s": each.repairs.median_s,
                 "laws": laws_json(each.repairs.laws)},
             "youth": each.youth and each.youth._asdict()}
            for each in study.causes
        ],
    }  # fmt: skip
    return to_json(document)
