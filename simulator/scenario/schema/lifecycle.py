"""The whole life of a model: teams, machines, and the stages from collecting data to serving."""

from typing import Annotated, TypeAlias

from pydantic import BeforeValidator, Field, WithJsonSchema

from simulator.scenario import keys
from simulator.scenario.quantities import (
    Count,
    Day,
    Factor,
    Flag,
    Mfu,
    Text,
    Tokens,
    Usd,
    estimate_of,
    key_of,
    one_of,
    price,
)
from simulator.scenario.schema.section import Section
from simulator.workload.finetuning import METHODS
from simulator.workload.stages import KINDS

Three: TypeAlias = tuple[float, float, float] | None
TimeRange = Annotated[Three, *estimate_of("time")]
TokensRange = Annotated[Three, *estimate_of("tokens")]
TokenRateRange = Annotated[Three, *estimate_of("tokens_per_s")]
UsdRange = Annotated[Three, *estimate_of("usd")]
PriceRange = Annotated[Three, *estimate_of("usd_per_h", price)]
FactorRange = Annotated[Three, *estimate_of("ratio")]
Architecture = Annotated[
    str | None,
    BeforeValidator(keys.architecture),
    WithJsonSchema({"type": "string", "description": "key of the architecture catalogue, or a config.json"}),
]
Evidence = Annotated[str | None, *one_of("P", "A", "D", "S", "V", "M")]


class Team(Section):
    """People of one role: how many, and what one costs a year."""

    people: Count | None = None
    pay: UsdRange = None
    equity: Usd | None = None
    overhead: Factor | None = None
    paid: Annotated[str | None, *one_of("employed", "busy")] = None
    source: Text | None = None
    evidence: Evidence = None


class MachinePool(Section):
    """Machines of one kind: how many there are, and what one costs an hour."""

    count: Count | None = None
    accelerator: Annotated[str | None, *key_of(keys.entries("accelerators"), "key of the accelerator catalogue")] = None
    rate: PriceRange = None
    provider: Text | None = None
    region: Text | None = None
    term: Text | None = None
    date: Day | None = None
    source: Text | None = None
    evidence: Evidence = None


class FineTuning(Section):
    """Which model is fine-tuned, how, and on how many tokens."""

    method: Annotated[str | None, *one_of(*METHODS)] = None
    architecture: Architecture = None
    tokens: Tokens | None = None
    mfu: Mfu | None = None


class Serving(Section):
    """A demand in tokens a month, and what serves it."""

    months: Count | None = None
    read: TokensRange = None
    written: TokensRange = None
    growth: Factor | None = None
    usd_per_m_read: UsdRange = None
    usd_per_m_written: UsdRange = None
    architecture: Architecture = None
    bytes_per_parameter: Factor | None = None
    context: Count | None = None
    written_per_second_per_machine: TokenRateRange = None
    utilisation: Mfu | None = None
    at_least: Count | None = None


class LifeStage(Section):
    """One stage: what it waits for, what it takes, and one of the ways to say how long it lasts."""

    kind: Annotated[str | None, *one_of(*KINDS)] = None
    after: list[Text] = Field(default_factory=list)
    people: dict[Text, Count] = Field(default_factory=dict)
    machines: Text | None = None
    count: Count | None = None
    usd: UsdRange = None
    duration: TimeRange = None
    machine_time: TimeRange = None
    tokens: TokensRange = None
    tokens_per_second_per_machine: TokenRateRange = None
    multiple: FactorRange = None
    run: Flag | None = None
    fine_tuning: FineTuning | None = None
    serving: Serving | None = None
    source: Text | None = None
    evidence: Evidence = None


class Quality(Section):
    """How good the model has to be, and what says that it will be."""

    target_loss: Factor | None = None
    architecture: Architecture = None
    tokens: Tokens | None = None
    trusted: Text | None = None


class LifeCycle(Section):
    """Teams, machines and stages by name, and the quality that is wanted."""

    teams: dict[Text, Team] = Field(default_factory=dict)
    machines: dict[Text, MachinePool] = Field(default_factory=dict)
    stages: dict[Text, LifeStage] = Field(default_factory=dict)
    quality: Quality = Quality()
