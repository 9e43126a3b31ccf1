"""Every value that a scenario may leave out and that does not follow from the others, with its source.

The text is what a user could have written; `complete` writes it into the document, so that ``resolved.toml`` shows it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from simulator.scenario.lines import Path

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Default:
    """What is taken where nothing is written.

    Parameters
    ----------
    path, value : tuple and object
        Where, and what, as TOML has it.
    source, evidence : str
        Why this value; evidence ``M`` marks an assumption, the range stands in the source.
    when : callable
        Tells from the document whether the default applies.
    """

    path: Path
    value: Any
    source: str
    evidence: str
    when: Callable[[Document], bool] = lambda _: True


EFFICIENCIES = ("mfu", "tokens_per_second_per_accelerator", "step_time")


def _states_efficiency(document: Document) -> bool:
    tables = [document.get("throughput", {}), *(document.get("phases") or [])]
    return any(name in table for table in tables for name in EFFICIENCIES)


def _states_plan(document: Document) -> bool:
    return bool(document.get("parallelism")) or any(
        key in document.get("throughput", {}) for key in ("stack", "factor")
    )


def _is(section: str, key: str, value: str) -> Callable[[Document], bool]:
    return lambda document: document.get(section, {}).get(key) == value


def _shares(document: Document) -> bool:
    return bool(document.get("shared"))


def _no_rate(document: Document) -> bool:
    return "rate" not in document.get("pricing", {})


def _no_pools(document: Document) -> bool:
    return not any("nodes" in pool for pool in document.get("spares", {}).values() if isinstance(pool, Mapping))


def _is_list_price(document: Document) -> bool:
    return bool(document.get("pricing", {}).get("term") != "negotiated")


CONVENTION = "convention of flopcast"
RESTART = "restart of 5 to 20 min on RSC-1, arXiv 2410.21680 through notes; 10 min taken"
REPAIR = "assumption, hours to days: no public law of repair for training clusters"

DEFAULTS = (
    Default(path=("phases",), value=[{"name": "train"}], source="one phase takes all tokens", evidence=""),
    Default(path=("throughput", "method"), value="stated", source="an efficiency is stated", evidence="",
            when=_states_efficiency),
    Default(path=("throughput", "method"), value="model", evidence="", when=_states_plan,
            source="a plan or a training stack is stated"),
    Default(path=("throughput", "method"), value="published", source="no efficiency is stated", evidence=""),
    Default(path=("cluster", "spares"), value="ample", source="assumption: a replacement is always at hand, unbilled",
            evidence="M", when=_no_pools),
    Default(path=("failures", "catalogue"), value="none", source="no catalogue is named", evidence=""),
    Default(path=("failures", "enabled"), value=True, source=CONVENTION, evidence=""),
    Default(path=("failures", "rate_multiplier"), value=1.0, source=CONVENTION, evidence=""),
    Default(path=("failures", "exposure"), value="A", source="failures strike in work, saves and recovery",
            evidence=""),
    Default(path=("checkpoint", "policy"), value="periodic", source=CONVENTION, evidence=""),
    Default(path=("checkpoint", "interval"), value="60 min", evidence="S", when=_is("checkpoint", "policy", "periodic"),
            source="hourly saves are assumed for RSC-1, arXiv 2410.21680 through notes"),
    Default(path=("checkpoint", "mode"), value="blocking", source="the pessimistic choice", evidence=""),
    Default(path=("checkpoint", "blocking_time"), value="1 s", evidence="M",
            when=_is("checkpoint", "mode", "asynchronous"), source="assumption: such saves block for less than 1 s"),
    Default(path=("checkpoint", "flush_slowdown"), value=0.0, evidence="M",
            when=_is("checkpoint", "mode", "asynchronous"),
            source="assumption, 0 to 3.5 %: CheckFreq (FAST 2021, abstract) states at most 3.5 % of overhead"),
    Default(path=("checkpoint", "save_at_end"), value=False, source="nothing is saved", evidence="",
            when=_is("checkpoint", "policy", "none")),
    Default(path=("checkpoint", "save_at_end"), value=True, source="a run ends with a save", evidence=""),
    Default(path=("recovery", "swap"), value="50 s", evidence="A",
            source="50 s to reschedule in Google's elastic MaxText demonstration (developers' blog)"),
    Default(path=("recovery", "initialization"), value="10 min", source=RESTART, evidence="S"),
    Default(path=("pricing", "term"), value="on_demand", source="the dearest of the usual terms", evidence="",
            when=_no_rate),
    Default(path=("pricing", "discount"), value=0.0, source="list price", evidence="", when=_is_list_price),
    Default(path=("shared", "load"), value=0.83, evidence="S", when=_shares,
            source="RSC-1 was 83 % utilised, arXiv 2410.21680 through notes"),
    Default(path=("shared", "policy"), value="easy", evidence="", when=_shares,
            source="first come first served with backfilling, as most schedulers of such clusters"),
    Default(path=("shared", "placement"), value="compact", evidence="", when=_shares,
            source="as few racks as the free nodes allow, as Slurm's topology/tree does"),
    Default(path=("shared", "busy"), value="10 d", evidence="", when=_shares,
            source="longer than most jobs, so that the empty start is forgotten"),
    Default(path=("shared", "replications"), value=20, evidence="", when=_shares, source=CONVENTION),
    Default(path=("run", "replicas"), value=1000, source=CONVENTION, evidence=""),
    Default(path=("run", "seed"), value=1, source=CONVENTION, evidence=""),
    Default(path=("run", "engine"), value="auto", source="estimate where it applies, else simulate", evidence=""),
)  # fmt: skip

DETECTION = {
    "fail_stop": (60.0, "time-out of 60 s, arXiv 2602.00277 through notes", "S"),
    "hang": (600.0, "assumption, up to 45 min: collective time-out of 10 min", "M"),
    "slow": (600.0, "assumption: like a hang", "M"),
    "silent": (3600.0, "assumption, 10 min to 1 d: found by people or by checks of the loss", "M"),
    "planned": (0.0, "announced", ""),
    "loss_spike": (0.0, "seen as it happens", ""),
}
REWIND_S = (1800.0, "assumption, 10 min to 1 h: about 100 steps, which took PaLM-540B 30 min (arXiv 2204.02311)", "M")
SLOWDOWN = (0.2, "assumption, 5 to 50 %: what one throttled or failing machine costs a job in step", "M")
NEAR_BANDWIDTH = {  # of one accelerator to its tier
    "device": (500e9, "assumption, 200 GB/s to 2 TB/s: a copy inside the accelerator's own memory", "M"),
    "host_memory": (20e9, "assumption, 10 to 50 GB/s: one PCIe 4.0 or 5.0 link of 16 lanes", "M"),
    "local_disk": (0.5e9, "assumption, 0.3 to 3 GB/s: an accelerator's share of the node's NVMe disks", "M"),
}
NEAR_SAVES = (6, "assumption: a near copy every ten minutes beside hourly saves", "M")
PARTNER_BANDWIDTH = (12.5e9, "assumption, 100 Gb/s for each accelerator: its network is not in the catalogue", "M")
REPAIR_S = (86400.0, REPAIR, "M")
BYTES_PER_PARAMETER = (14.0, "2.3 TB for 176B parameters: BLOOM, arXiv 2211.05100 and its training log", "S")
BANDWIDTH = (50e9, "file systems of large runs move 50 to 200 GB/s (vendor's survey of 40 runs)", "V")


def complete(document: Document) -> tuple[dict[str, Any], dict[Path, Default]]:
    """Write the defaults into a document, in the order of `DEFAULTS`.

    Returns
    -------
    dict
        A copy of the document with every default that applies.
    dict of path to Default
        Those that were needed.
    """
    whole: dict[str, Any] = {
        key: dict(value) if isinstance(value, Mapping) else value for key, value in document.items()
    }
    used: dict[Path, Default] = {}
    for default in DEFAULTS:
        section, key = str(default.path[0]), str(default.path[-1])
        table = whole if len(default.path) == 1 else whole.setdefault(section, {})
        if key not in table and default.when(whole):
            table[key] = default.value
            used[default.path] = default
    return whole, used
