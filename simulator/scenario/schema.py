"""The sections of a scenario file, as pydantic models: what may be written, and in which units.

Every key is optional here. What is needed, what follows from what, and the defaults are the business of `resolve`.
"""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, WithJsonSchema

from simulator.scenario import keys
from simulator.scenario.quantities import (
    Amount,
    AnyTime,
    Bandwidth,
    Bytes,
    Count,
    Day,
    Discount,
    Factor,
    Flag,
    Mfu,
    Number,
    PerThousand,
    Price,
    Share,
    Spares,
    Spread,
    Text,
    Time,
    TokenRate,
    Tokens,
    Usd,
    key_of,
    one_of,
)


class Section(BaseModel):
    """A table of the file; keys that it does not know are problems."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Model(Section):
    """What is trained: a catalogue key, a Hugging Face ``config.json`` or a table of counts, and the context length."""

    architecture: Annotated[
        str | dict[str, Any] | None,
        BeforeValidator(keys.architecture),
        WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "object"}], "description": "key, config.json or table"}),
    ] = None
    sequence: Count | None = None


class Data(Section):
    """What it is trained on, and how many tokens a step takes."""

    tokens: Tokens | None = None
    dataset: Annotated[str | None, *key_of(keys.entries("datasets"), "key of the data set catalogue")] = None
    batch: Tokens | None = None


class Cluster(Section):
    """The machines: kind, number, how many to a node, and spare nodes beside the job."""

    accelerator: Annotated[str | None, *key_of(keys.entries("accelerators"), "key of the accelerator catalogue")] = None
    system: Annotated[str | None, *key_of(keys.entries("systems"), "key of the system catalogue")] = None
    accelerators: Count | None = None
    accelerators_per_node: Count | None = None
    spares: Spares = None


class Throughput(Section):
    """How fast the job steps: stated in one of three ways, or by a method."""

    method: Annotated[str | None, *key_of(keys.efficiency_methods, "published, or stated where a figure is given")] = (
        None
    )
    mfu: Mfu | None = None
    tokens_per_second_per_accelerator: TokenRate | None = None
    step_time: Time | None = None
    spread: Spread | None = None


class Phase(Section):
    """One phase of the run; what it leaves out it takes from the sections above."""

    name: Text | None = None
    accelerators: Count | None = None
    hours: Time | None = None
    hours_kind: Annotated[str | None, *one_of("gross", "net")] = None
    tokens: Tokens | None = None
    share: Share | None = None
    batch: Tokens | None = None
    mfu: Mfu | None = None
    tokens_per_second_per_accelerator: TokenRate | None = None
    step_time: Time | None = None
    rate: Price | None = None


class OwnCause(Section):
    """A cause of stops: a change to one of the catalogue's, or one of your own."""

    rate_per_1000_node_days: PerThousand | None = None
    kind: Annotated[str | None, *one_of("fail_stop", "hang", "slow", "silent", "planned")] = None
    detection: AnyTime | None = None
    nodes_lost: Number | None = None
    repair: AnyTime | None = None
    repair_law: Annotated[str | None, *one_of("constant", "exponential")] = None


class Detection(Section):
    """Time from fault to known stop, by kind of cause."""

    fail_stop: AnyTime | None = None
    hang: AnyTime | None = None
    slow: AnyTime | None = None
    silent: AnyTime | None = None
    planned: AnyTime | None = None


class Failures(Section):
    """What stops the run."""

    catalogue: Annotated[str | None, *key_of(keys.failure_catalogues, "key of the failure catalogue, or none")] = None
    enabled: Flag | None = None
    rate_multiplier: Factor | None = None
    exposure: Annotated[str | None, *one_of("A", "B", "C")] = None
    detection: Detection = Detection()
    causes: dict[Text, OwnCause] = {}


class Checkpoint(Section):
    """When and how the state is saved."""

    policy: Annotated[str | None, *key_of(keys.checkpoint_policies, "none, periodic, young, daly or optimal")] = None
    interval: Time | None = None
    mode: Annotated[str | None, *one_of("blocking", "asynchronous")] = None
    save_time: AnyTime | None = None
    blocking_time: AnyTime | None = None
    flush_slowdown: Share | None = None
    state: Bytes | None = None
    bandwidth: Bandwidth | None = None
    save_at_end: Flag | None = None


class Recovery(Section):
    """What a stop costs, and how lost machines come back."""

    detection: AnyTime | None = None
    swap: AnyTime | None = None
    initialization: AnyTime | None = None
    restore: AnyTime | None = None
    startup: AnyTime | None = None
    repair: AnyTime | None = None
    repair_law: Annotated[str | None, *one_of("constant", "exponential")] = None


class Pricing(Section):
    """What an accelerator-hour costs: a stated rate, or a row of the price book."""

    rate: Price | None = None
    provider: Text | None = None
    region: Text | None = None
    term: Text | None = None
    date: Day | None = None
    discount: Discount | None = None
    host: Annotated[
        str | float | None,
        BeforeValidator(keys.host),
        WithJsonSchema({"type": "string", "description": "included, excluded, or a rate to add such as '$1.10/h'"}),
    ] = None
    book: Text | None = None


class PublishedRun(Section):
    """What was published of the run, to hold the forecast against."""

    wall: Time | None = None
    accelerator_hours: Amount | None = None
    usd: Usd | None = None
    goodput: Share | None = None
    interruptions: Amount | None = None
    hours_kind: Annotated[str | None, *one_of("net", "gross", "unknown")] = None
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
    note: dict[Text, Text] = {}
    model: Model = Model()
    data: Data = Data()
    cluster: Cluster = Cluster()
    throughput: Throughput = Throughput()
    phases: list[Phase] | None = None
    failures: Failures = Failures()
    checkpoint: Checkpoint = Checkpoint()
    recovery: Recovery = Recovery()
    pricing: Pricing = Pricing()
    published: PublishedRun = PublishedRun()
    run: Run = Run()


class ScenarioFile(Document):
    """A scenario file as it is written, for the JSON Schema."""

    extends: str | list[str] | None = None
    without: list[str] | None = None
    sweep: dict[str, Any] | None = None
