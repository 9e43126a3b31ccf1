"""The phases of a run: who trains how many tokens, at which speed, for how long."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from simulator.catalogue.reader import entry
from simulator.scenario import schema
from simulator.scenario.asking import Question, Speed, Stated
from simulator.scenario.defaults import EFFICIENCIES
from simulator.scenario.efficiency import speed_of
from simulator.scenario.findings import Findings, about
from simulator.scenario.lines import Path
from simulator.scenario.machines import Machines
from simulator.scenario.trained import Trained

_SLACK = 1e-6  # shares and stated tokens may miss their sum by this much


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """One phase with everything known but its saves.

    Parameters
    ----------
    path : tuple
        Where it stands in the scenario.
    hours_s : float or None
        Stated time [s].
    gross : bool
        Whether that time contains every loss.
    tokens : float or None
        Tokens trained; None where they are not known.
    speed : Speed or None
        None where nothing but hours is known.
    rate : float or None
        List price where it is the phase's own [USD per accelerator and hour].
    """

    path: Path
    name: str
    accelerators: int
    nodes: int
    hours_s: float | None
    gross: bool
    tokens: float | None
    speed: Speed | None
    rate: float | None

    @property
    def tokens_per_s(self) -> float | None:
        """Tokens per second of all accelerators."""
        return None if self.speed is None else self.speed.tokens_per_s * self.accelerators


def phases(document: schema.Document, machines: Machines, model: Trained | None, findings: Findings) -> Sequence[Phase]:
    """Work out all phases; problems are noted, and what is returned then is not to be used."""
    stated = document.phases or []
    if not stated:
        findings.problem(("phases",), "the list is empty; write at least one phase, or leave it out")
    total = run_tokens(document, findings)
    drafts = [_draft(document, at, machines, model, total, findings) for at in range(len(stated))]
    names = [draft.name for draft in drafts]
    for draft in drafts:
        if names.count(draft.name) > 1:
            findings.problem((*draft.path, "name"), f"{draft.name!r} names {names.count(draft.name)} phases")
    found = _with_tokens(document, drafts, total, findings)
    for draft, phase in zip(found, stated, strict=True):
        batch = phase.batch or document.data.batch
        if batch and draft.tokens and batch > draft.tokens:
            whole = about(draft.tokens, "tokens")
            findings.warn(f"A batch of {about(batch, 'tokens')} is more than the {whole} of phase {draft.name!r}: "
                          "it does not do one step.")  # fmt: skip
    return found


def _draft(
    document: schema.Document, at: int, machines: Machines, model: Trained | None, total: float | None,
    findings: Findings,
) -> Phase:  # fmt: skip
    """Return one phase without its tokens."""
    phase, path = (document.phases or [])[at], ("phases", at)
    accelerators = phase.accelerators or machines.accelerators
    if accelerators is None:
        findings.problem(("cluster", "accelerators"), "is missing; state how many accelerators work")
    accelerators = accelerators or machines.per_node
    nodes = machines.nodes(accelerators)
    if accelerators % machines.per_node:
        findings.warn(
            f"{accelerators} accelerators do not fill nodes of {machines.per_node}: they fail as {nodes} nodes do, and "
            f"{accelerators} are billed; where whole nodes are rented, write {nodes * machines.per_node}."
        )
    if phase.hours is None and phase.hours_kind is not None:
        findings.problem((*path, "hours_kind"), "is stated without hours")
    if phase.hours is not None and phase.hours_kind is None:
        findings.problem((*path, "hours_kind"), "is missing: are the hours net (of failures) or gross (calendar)?")
    return Phase(
        path=path,
        name=phase.name or f"phase-{at + 1}",
        accelerators=accelerators,
        nodes=nodes,
        hours_s=phase.hours,
        gross=phase.hours_kind == "gross",
        tokens=phase.tokens,
        speed=_speed(document, phase, path, accelerators, machines, model, total, findings),
        rate=phase.rate,
    )


def _speed(
    document: schema.Document,
    phase: schema.Phase,
    path: Path,
    accelerators: int,
    machines: Machines,
    model: Trained | None,
    total: float | None,
    findings: Findings,
) -> Speed | None:
    """Return the phase's speed, or None where hours say all that is needed."""
    own = any(getattr(phase, name) is not None for name in EFFICIENCIES)
    where, table = (path, phase) if own else (("throughput",), document.throughput)
    stated = Stated(path=where, **{name: getattr(table, name) for name in EFFICIENCIES})
    method = document.throughput.method or "stated"
    if phase.hours is not None and not stated.given:
        return None  # hours need no efficiency, and a guessed one would explain nothing
    question = Question(
        machines=machines,
        model=model,
        accelerators=accelerators,
        batch_tokens=phase.batch or document.data.batch,
        stated=stated,
        findings=findings,
        path=path,
        run_tokens=total,
        throughput=document.throughput,
        parallelism=document.parallelism,
    )
    return speed_of(question, method)


def _with_tokens(
    document: schema.Document, drafts: Sequence[Phase], total: float | None, findings: Findings
) -> Sequence[Phase]:
    """Share the tokens out: stated ones, shares, what stated hours train, and the rest."""
    stated = document.phases or []
    done = [
        replace(draft, tokens=_own_tokens(draft, phase, total, findings))
        for draft, phase in zip(drafts, stated, strict=True)
    ]
    shares = [phase.share for phase in stated if phase.share is not None]
    if shares and (math.fsum(shares) > 1 + _SLACK or (len(shares) == len(stated) and math.fsum(shares) < 1 - _SLACK)):
        findings.problem(("phases",), f"the shares sum to {math.fsum(shares):.6g}; they have to sum to 1")
        return done
    open_ended = [draft for draft in done if draft.tokens is None and draft.hours_s is None]
    calendar = [draft for draft in done if draft.tokens is None and draft.hours_s is not None and draft.gross]
    for draft in open_ended[1:]:
        findings.problem(draft.path, "states no hours, tokens or share; only one phase can take the rest")
    if open_ended and total is None:
        findings.problem(("data", "tokens"), "is missing; state the tokens or a dataset, or the hours of each phase")
    if findings.issues or total is None:
        return done
    rest = total - math.fsum(draft.tokens or 0.0 for draft in done)
    if open_ended and rest <= 0:
        others = about(total - rest, "tokens")
        findings.problem(open_ended[0].path, f"nothing is left for this phase: the others train {others} of "
                                             f"{about(total, 'tokens')}")  # fmt: skip
        return done
    if open_ended:
        return [_given(draft, rest, "the rest", findings) if draft is open_ended[0] else draft for draft in done]
    if calendar and rest > 0 and all(draft.speed for draft in calendar):
        return _spread_evenly(done, calendar, rest, findings)
    if not calendar and all(draft.tokens for draft in done) and abs(rest) > _SLACK * total:
        trained = about(total - rest, "tokens")
        findings.warn(f"The phases train {trained}, data.tokens says {about(total, 'tokens')}.")
    return done


def _given(draft: Phase, tokens: float, why: str, findings: Findings) -> Phase:
    findings.amount((*draft.path, "tokens"), tokens, "tokens", why)
    return replace(draft, tokens=tokens)


def _spread_evenly(
    done: Sequence[Phase], calendar: Sequence[Phase], rest: float, findings: Findings
) -> Sequence[Phase]:
    """Give calendar phases their tokens in proportion to what they could train: one goodput for all of them."""
    could = {draft.path: (draft.tokens_per_s or 0.0) * (draft.hours_s or 0.0) for draft in calendar}
    whole = math.fsum(could.values())
    why = "in proportion to what the stated hours could train: one goodput for all of them"
    return [
        _given(draft, rest * could[draft.path] / whole, why, findings) if draft.path in could else draft
        for draft in done
    ]


def run_tokens(document: schema.Document, findings: Findings) -> float | None:
    """Return the tokens that are stated, or those of the data set; None where neither says."""
    if document.data.tokens is not None or document.data.dataset is None:
        return document.data.tokens
    fact = entry("datasets", document.data.dataset)
    found = fact.get_number("tokens")
    if found is None:
        findings.problem(("data", "tokens"), f"is missing, and the catalogue does not know the tokens of {fact.key}")
        return None
    return findings.amount(("data", "tokens"), found, "tokens", f"{fact.key}: {fact.source}", fact.evidence)


def _own_tokens(draft: Phase, phase: schema.Phase, total: float | None, findings: Findings) -> float | None:
    """Return the tokens that a phase states, or that its net hours train."""
    if phase.tokens is not None and phase.share is not None:
        findings.problem((*draft.path, "share"), "contradicts tokens; leave one out")
    if phase.share == 0:
        findings.problem((*draft.path, "share"), "is zero; leave the phase out")
    if phase.share is not None and total is None:
        findings.problem((*draft.path, "share"), "needs data.tokens or data.dataset, of which it is a share")
    if phase.share is not None and total is not None:
        return phase.share * total
    if phase.tokens is None and phase.hours is not None and not draft.gross and draft.tokens_per_s:
        return findings.amount((*draft.path, "tokens"), draft.tokens_per_s * phase.hours, "tokens", "speed times hours")
    return phase.tokens
