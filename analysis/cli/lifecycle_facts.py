"""A life cycle as plain data, for programs."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from analysis.metrics.facts import cents

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analysis.metrics.lifecycle import LifeForecast
    from analysis.metrics.summary import Summary
    from analysis.study.choice import BreakEven


def life_facts(found: "LifeForecast") -> dict[str, Any]:
    """Return a life cycle's forecast; dollars to the cent, the total the sum of its stages."""
    life = found.life
    return {
        "scenario": life.name,
        "title": life.title,
        "start": life.start.isoformat(),
        "launch_days": asdict(found.launch_days),
        "days": asdict(found.days),
        "usd": cents(found.usd),
        "equity_usd": cents(found.equity_usd),
        "usd_per_m_written": found.usd_per_m_written,
        "written_per_month": found.written_per_month,
        "critical_path": [row.name for row in found.stages if row.critical >= 0.5],
        "stages": [
            {
                "name": row.name,
                "kind": row.kind,
                "start_days": _plain(row.start_days),
                "finish_days": _plain(row.finish_days),
                "days": _plain(row.days),
                "usd": cents(row.usd),
                "parts": dict(row.parts),
                "critical": row.critical,
                "share_of_usd_spread": row.of_usd_spread,
                "share_of_days_spread": row.of_days_spread,
            }
            for row in found.stages
        ],
        "teams": [asdict(team) for team in found.teams],
        "quality": asdict(life.quality) | {"met": life.quality.met},
        "machines": list(found.bases),
        "sources": [asdict(fact) for fact in life.assumptions],
        "warnings": list(life.warnings),
        "engine": found.ensemble.engine,
        "engine_reason": found.ensemble.reason,
        "seed": life.seed,
        "replicas": life.replicas,
        "version": found.version,
    }


def comparison_facts(found: "Sequence[LifeForecast]", even: "Sequence[BreakEven]") -> dict[str, Any]:
    """Return several ways to one end, and the demands at which two cost the same."""
    from analysis.study.choice import cheapest_shares

    ways = [
        life_facts(each) | {"cheapest_in": share} for each, share in zip(found, cheapest_shares(found), strict=True)
    ]
    return {"ways": ways, "break_even": [asdict(each) for each in even]}


def _plain(value: "Summary | None") -> dict[str, float] | None:
    return None if value is None else asdict(value)
