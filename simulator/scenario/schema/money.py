"""What is paid."""

from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from simulator.scenario import keys
from simulator.scenario.quantities import (
    Amount,
    AnyTime,
    Bytes,
    Count,
    Day,
    Discount,
    Factor,
    Number,
    PerThousand,
    Price,
    Share,
    Text,
    Time,
    Usd,
    key_of,
    one_of,
)
from simulator.scenario.schema.section import Section


class Terms(Section):
    """A price of an accelerator-hour and the term that it is paid on."""

    rate: Price | None = None
    list_rate: Price | None = None
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
    reserved: Count | None = None
    rest: Annotated[str | None, *one_of("billed", "shared")] = None
    block: Time | None = None
    minimum_accelerator_hours: Amount | None = None
    trace: Text | None = None


class Part(Terms):
    """A share of the machines on its own term; what it leaves out it takes from [pricing]."""

    share: Share | None = None


class Kept(Section):
    """Data that is kept while the run lasts."""

    tier: Annotated[str | None, *key_of(keys.entries("storage"), "key of the storage catalogue")] = None
    checkpoints: Number | None = None
    data: Bytes | None = None


class Leaving(Section):
    """Data that leaves the provider."""

    tier: Annotated[str | None, *key_of(keys.entries("egress"), "key of the egress catalogue")] = None
    data: Bytes | None = None


class Preemption(Section):
    """How often spot capacity is taken back, and for how long it stays away."""

    per_1000_node_days: PerThousand | None = None
    away: AnyTime | None = None


class Pricing(Terms):
    """What a run costs: a stated rate or a row of the price book, the term, and what is paid beside the machines."""

    book: Text | None = None
    parts: list[Part] | None = None
    preemption: Preemption = Preemption()
    storage: Kept = Kept()
    egress: Leaving = Leaving()
    tax: Share | None = None
    credits: Usd | None = None
    currency: Text | None = None
    per_usd: Factor | None = None
