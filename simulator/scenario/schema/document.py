"""The whole file: its sections, what was published of the run, and how to run it."""

from typing import Annotated, Any

from pydantic import Field

from simulator.scenario.quantities import Amount, Count, Day, Number, Share, Text, Time, Usd, one_of
from simulator.scenario.schema.lifecycle import LifeCycle
from simulator.scenario.schema.machines import Cluster
from simulator.scenario.schema.market import Market
from simulator.scenario.schema.mending import Repair, Retirement, Spares
from simulator.scenario.schema.money import Pricing
from simulator.scenario.schema.parallelism import Parallelism
from simulator.scenario.schema.power import Energy, Ownership
from simulator.scenario.schema.queue import Queue
from simulator.scenario.schema.saving import Checkpoint
from simulator.scenario.schema.section import Section
from simulator.scenario.schema.sharing import Shared
from simulator.scenario.schema.stops import Failures, Recovery
from simulator.scenario.schema.training import Data, Model, Phase, Throughput


class PublishedRun(Section):
    """What was published of the run, to hold the forecast against."""

    wall: Time | None = None
    accelerator_hours: Amount | None = None
    usd: Usd | None = None
    goodput: Share | None = None
    interruptions: Amount | None = None
    hours_kind: Annotated[str | None, *one_of("net", "gross", "unknown")] = None
    wall_kind: Annotated[str | None, *one_of("net", "gross", "unknown")] = None
    source: Text | None = None
    evidence: Text | None = None


class Run(Section):
    """How often, with which seed and by which engine."""

    replicas: Count | None = None
    seed: Number | None = None
    engine: Annotated[str | None, *one_of("auto", "estimate", "simulate")] = None


class Document(Section):
    """A scenario, merged and without its sweep."""

    title: Text | None = None
    start: Day | None = None
    note: dict[Text, Text] = Field(default_factory=dict)
    model: Model = Model()
    data: Data = Data()
    cluster: Cluster = Cluster()
    throughput: Throughput = Throughput()
    parallelism: Parallelism = Parallelism()
    phases: list[Phase] | None = None
    failures: Failures = Failures()
    checkpoint: Checkpoint = Checkpoint()
    recovery: Recovery = Recovery()
    spares: Spares = Spares()
    repair: Repair = Repair()
    retirement: Retirement = Retirement()
    spot: Market | None = None
    pricing: Pricing = Pricing()
    ownership: Ownership = Ownership()
    energy: Energy = Energy()
    shared: Shared = Shared()
    published: PublishedRun = PublishedRun()
    run: Run = Run()
    lifecycle: LifeCycle | None = None
    queue: Queue | None = None


class ScenarioFile(Document):
    """A scenario file as it is written, for the JSON Schema."""

    extends: str | list[str] | None = None
    without: list[str] | None = None
    sweep: dict[str, Any] | None = None
