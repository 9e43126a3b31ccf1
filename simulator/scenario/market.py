"""The spot market of a scenario: from a log of capacity or laws to the spans in which the job's nodes are up."""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path as FilePath

from simulator.pricing.tariff import Tariff
from simulator.pricing.terms import OnDemand, Spot
from simulator.reliability.causes import Cause
from simulator.reliability.fleet import Fleet
from simulator.reliability.gang import PREEMPTION
from simulator.reliability.law import FailureLaw
from simulator.reliability.laws import shaped
from simulator.reliability.progress import is_special
from simulator.reliability.recovery import Recovery
from simulator.reliability.spot import SpotMarket
from simulator.scenario import schema
from simulator.scenario.findings import Findings
from simulator.scenario.phases import Phase
from simulator.scenario.saving import can_save
from simulator.scenario.shared import Shared
from simulator.scenario.spot import named_file
from simulator.scenario.values import Stage

SPOT = ("spot",)
AWAY, ON_DEMAND = ": away", ": on demand"


def market_of(document: schema.Document, drafts: Sequence[Phase], findings: Findings) -> SpotMarket | None:
    """Return the market; None where the scenario has none, or with a problem noted."""
    written = document.spot
    if written is None or not drafts:
        return None
    _check_alone(document, drafts, findings)
    if (written.trace is None) == (written.up is None and written.away is None):
        findings.problem(SPOT, "expected a trace, or up and away")
        return None
    rules = SpotMarket(
        notice_s=written.notice or 0.0,
        saves_at_notice=written.save_at_notice is not False and can_save(document.checkpoint),
        changeover_s=written.changeover or 0.0,
        deadline_s=math.inf if written.deadline is None else written.deadline,
    )
    if written.trace is None:
        up, away = (_law(getattr(written, name), name, findings) for name in ("up", "away"))
        return None if up is None or away is None else replace(rules, up=up, away=away)
    return _recorded(written, written.trace, drafts[0].nodes, rules, findings)


def _check_alone(document: schema.Document, drafts: Sequence[Phase], findings: Findings) -> None:
    """Note what does not go with a market: it gives all nodes or none, and mends nothing."""
    if len({draft.accelerators for draft in drafts}) > 1 or any(draft.gross for draft in drafts):
        findings.problem(SPOT, "takes phases of one size whose hours are net")
    if document.cluster.spares is not None:
        findings.problem(("cluster", "spares"), "stand beside machines that stay, and [spot] has none; leave it out")
    if document.failures.exposure not in (None, "A"):
        findings.problem(("failures", "exposure"), "[spot] runs under exposure A")
    if document.run.engine == "estimate":
        findings.problem(("run", "engine"), "estimate cannot run [spot]; write auto or simulate")
    if document.pricing.preemption != schema.Preemption():
        findings.problem(("pricing", "preemption"), "contradicts [spot], which says when capacity is taken back")


def check_beside(
    fleet: Fleet | None, shared: Shared | None, recovery: Recovery, slow: Sequence[str], document: schema.Document,
    findings: Findings,
) -> None:  # fmt: skip
    """Note rules of machines that do not go with a market."""
    paced = [f"recovery.policy = {recovery.policy!r}"] if recovery.policy != "restart" else []
    paced += [f"slow machines ({', '.join(slow)})"] if slow else []
    paced += ["checkpoint.verify"] if document.checkpoint.verify else []
    paced += ["failures.maturity"] if document.failures.maturity != schema.Maturity() else []
    if paced:
        findings.problem(SPOT, f"does not go with {' and '.join(paced)}")
    if fleet is not None:
        findings.problem(SPOT, f"does not go with nodes that are told one by one: {fleet.why[0]}")
    if shared is not None:
        findings.problem(SPOT, "does not go with [shared]: a run waits for a queue or for a market")


def check_saves(stages: Sequence[Stage], causes: Sequence[Cause], findings: Findings) -> None:
    """Note stops that do something else than go back to the last save: a gang on a market knows no others."""
    for cause in causes:
        if not cause.announced and any(is_special(cause, stage.cycle) for stage in stages):
            findings.problem(SPOT, f"does not go with what a stop by {cause.name} does to the saves: two tiers, "
                             "corrupt ones, or faults that reach further back")  # fmt: skip
            return


def _law(written: "schema.TimeLaw | None", name: str, findings: Findings) -> FailureLaw | None:
    path = (*SPOT, name)
    if written is None or written.mean is None:
        findings.problem((*path, "mean"), "is missing; up and away each have a mean, such as '3 h'")
        return None
    try:
        return shaped(written.law or "exponential", mean_s=written.mean, shape=written.shape)
    except (KeyError, ValueError) as error:
        findings.problem(path, str(error.args[0]))
        return None


def _recorded(
    written: schema.Market, trace: str, nodes: int, rules: SpotMarket, findings: Findings
) -> SpotMarket | None:
    from simulator.traces.availability import read_capacity
    from simulator.traces.joblog import TraceError

    file = named_file(trace, (*SPOT, "trace"), findings.loaded)
    try:
        log = read_capacity(FilePath(file), market=written.market)
    except TraceError as problem:
        findings.problem((*SPOT, "trace"), str(problem).replace("--market", "spot.market"))
        return None
    gang = written.gang or nodes
    most = max(log.capacity.nodes)
    spans = tuple(log.capacity.spans_with(gang))
    if not spans and math.isinf(rules.deadline_s):
        hint = "state gang, the nodes of the trace that stand for the job's, or a deadline"
        findings.problem((*SPOT, "trace"), f"never has {gang:,} nodes up, {most:,} at the most; {hint}")
        return None
    share = log.capacity.share_with(gang)
    findings.fact((*SPOT, "share"), f"{share:.4g}", f"{file.name}: {gang:,} nodes fully up, {len(spans)} times", "D")
    start_s = written.start if isinstance(written.start, float) else None
    return replace(rules, spans=spans, length_s=log.capacity.length_s, start_s=start_s)


def preemption_of(market: SpotMarket, nodes: int) -> Cause:
    """Return the cause under which preemptions are counted; interval policies see their mean rate."""
    return Cause(name=PREEMPTION, rate_per_node_s=market.preemptions_per_up_s / nodes, source="[spot]")


def in_markets(
    stages: Sequence[Stage], document: schema.Document, tariff: Tariff, findings: Findings
) -> Sequence[Stage]:
    """Return three stages for each: on the spot market, waiting for it with no machine held, and on demand."""
    rate = document.spot.on_demand_rate if document.spot else None
    if rate is None:
        rate = tariff.list_usd_per_accelerator_h
        spot = all(isinstance(portion.term, Spot) for portion in tariff.portions)
        why = "on-demand price beside the spot price" if spot else "the price of the scenario"
        findings.amount((*SPOT, "on_demand_rate"), rate, "usd_per_h", why)
    if not all(isinstance(portion.term, Spot | OnDemand) for portion in tariff.portions):
        findings.problem(("pricing", "term"), "[spot] takes a rate, or the terms spot and on_demand")
    found = []
    for stage in stages:
        demand = replace(stage, name=stage.name + ON_DEMAND, usd_per_accelerator_h=rate)
        found += [stage, replace(stage, name=stage.name + AWAY, accelerators=0, nodes=0), demand]
    return found
