"""Capacity that can be taken back."""

from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from simulator.scenario import keys
from simulator.scenario.quantities import AnyTime, Count, Factor, Flag, Price, Text, Time, key_of
from simulator.scenario.schema.section import Section


class TimeLaw(Section):
    """A law of times."""

    mean: Time | None = None
    law: Annotated[str | None, *key_of(keys.failure_laws, "a failure law, such as weibull")] = None
    shape: Factor | None = None


class Market(Section):
    """The spot market that the job lives on: a log of capacity or laws, and when it is left for machines on demand."""

    trace: Text | None = None
    market: Text | None = None
    gang: Count | None = None
    start: Annotated[
        str | float | None,
        BeforeValidator(keys.moment_of_trace),
        WithJsonSchema({"type": "string", "description": "random, or a time from the trace's beginning"}),
    ] = None
    up: TimeLaw | None = None
    away: TimeLaw | None = None
    notice: AnyTime | None = None
    save_at_notice: Flag | None = None
    changeover: AnyTime | None = None
    deadline: Time | None = None
    on_demand_rate: Price | None = None
