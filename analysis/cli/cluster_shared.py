"""A shared cluster of a scenario as the question of ``flopcast cluster``."""

from collections.abc import Sequence
from pathlib import Path

from analysis.cli.cluster_options import Options, OptionsError, Question

ALSO = {"policies", "explain", "price", "replications", "warm_up", "seed", "shake"}
"""Options that may be given beside a scenario; all others are keys of it."""


def is_scenario(name: Path) -> bool:
    """Tell a scenario from a log and from a workload."""
    if name.suffix == ".toml":
        import tomllib

        try:
            table = tomllib.loads(name.read_text(encoding="utf-8-sig"))
        except (OSError, ValueError):
            return False
        return "groups" not in table
    if name.exists() or name.suffix:
        return False
    from simulator.scenario.load import shipped, shipped_clusters, shipped_lives

    return str(name) in (*shipped(), *shipped_lives(), *shipped_clusters())


def shared_question(name: Path, options: Options, sets: Sequence[str], policies: Sequence[str] | None) -> Question:
    """Read a scenario with changes from the command line.

    Raises
    ------
    ScenarioError
        With every problem of the scenario.
    OptionsError
        With every option that is a key of the scenario.
    """
    from simulator.engine.cluster_scenario import setup_of
    from simulator.scenario.api import shared_cluster

    plain = Options()
    beside = [field for field in Options.__dataclass_fields__ if field not in ALSO]
    given = [field for field in beside if getattr(options, field) != getattr(plain, field)]
    if given:
        says = "a scenario says this itself; change it with --set"
        raise OptionsError("\n".join(f"--{field.replace('_', '-')}: {says}" for field in given))
    shared = shared_cluster(str(name), [*sets, *_changes(options, policies)])
    setup = setup_of(shared, explain=True)
    fitting = setup.fitting()
    return Question(
        setup=fitting,
        report=shared.report.also("larger than the cluster", len(setup.jobs) - len(fitting.jobs)),
        policies=shared.policies,
        labels=shared.labels,
        replications=shared.replications,
        warm_up=shared.warm_up,
        usd_per_accelerator_h=shared.usd_per_accelerator_h,
        title=shared.title,
        warnings=shared.warnings,
    )


def _changes(options: Options, policies: Sequence[str] | None) -> list[str]:
    """Return the options beside the scenario as changes of it."""
    from simulator.scenario.changes import Change
    from simulator.scenario.text import toml_value

    plain = Options()
    keys = {
        "price": "pricing.rate", "replications": "run.replicas", "warm_up": "queue.warm_up", "seed": "run.seed",
        "shake": "queue.shake",
    }  # fmt: skip
    changes: list[str] = [
        Change(f"{key}={toml_value(getattr(options, field))}", f"--{field.replace('_', '-')}")
        for field, key in keys.items()
        if getattr(options, field) != getattr(plain, field)
    ]
    if policies:
        changes.append(Change(f"queue.policy={toml_value(list(policies))}", "--policy"))
    return changes
