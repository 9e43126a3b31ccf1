"""What the teams of a shared cluster mean to its policy, and what is reserved for them."""

import re
from collections.abc import Iterator, Mapping, Sequence

from simulator.foundation.issues import not_among
from simulator.scenario.findings import Findings
from simulator.scenario.schema.queue import Queue, QueueTeam
from simulator.scheduling.reservations import Reservation

NAME = re.compile(r"[A-Za-z0-9_/-]+")


def policy_text(text: str, teams: Mapping[str, QueueTeam], units: int) -> str:
    """Add what the teams state to a policy that knows of teams.

    Parameters
    ----------
    text : str
        A policy with its options.
    units : int
        Units of an accelerator.

    Examples
    --------
    >>> policy_text("quota", {"red": QueueTeam(quota=64)}, 1), policy_text("easy", {"red": QueueTeam(quota=64)}, 1)
    ('quota:red=64', 'easy')
    """
    options = ",".join(f"{name}={value:g}" for name, value in _options(text.partition(":")[0].strip(), teams, units))
    if not options:
        return text
    return f"{text},{options}" if ":" in text else f"{text}:{options}"


def _options(policy: str, teams: Mapping[str, QueueTeam], units: int) -> Iterator[tuple[str, float]]:
    for name, team in teams.items():
        if policy in ("quota", "over-quota") and team.quota is not None:
            yield name, team.quota * units
        if policy == "over-quota" and team.weight is not None:
            yield f"{name}.weight", team.weight
        if policy == "tiers":
            yield name, team.tier or 0
            for key, most in (("most", team.most), ("user", team.user_most)):
                if most is not None:
                    yield f"{name}.{key}", most * units


def reservations_of(queue: Queue, origin_s: float, units: int, findings: Findings) -> Sequence[Reservation]:
    """Return what is reserved, and check the names of teams."""
    for name in queue.teams:
        if not NAME.fullmatch(name):
            findings.problem(
                ("queue", "teams", name), "names of teams are letters, digits, '-', '_', and '/' for a child"
            )
    found = []
    for at, each in enumerate(queue.reservations):
        lacking = [name for name in ("team", "at", "duration", "accelerators") if getattr(each, name) is None]
        if each.team is None or each.at is None or each.duration is None or each.accelerators is None:
            findings.problem(
                ("queue", "reservations", at, lacking[0]), "is missing: for whom, when, how long, how many"
            )
            continue
        if queue.teams and each.team not in queue.teams:
            findings.problem(("queue", "reservations", at, "team"), not_among(each.team, queue.teams))
        start_s = origin_s + each.at
        found.append(
            Reservation(
                queue=each.team, start_s=start_s, end_s=start_s + each.duration, units=each.accelerators * units
            )
        )
    return found
