"""What is trained, on what, and how fast."""

from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from simulator.scenario import keys
from simulator.scenario.quantities import (
    Count,
    Mfu,
    Positive,
    Price,
    Share,
    Spread,
    Text,
    Time,
    TokenRate,
    Tokens,
    key_of,
    one_of,
)
from simulator.scenario.schema.section import Section


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


class Throughput(Section):
    """How fast the job steps: stated in one of three ways, or by a method."""

    method: Annotated[
        str | None, *key_of(keys.efficiency_methods, "published, model, or stated where a figure is given")
    ] = None
    stack: Annotated[str | None, *key_of(keys.entries("throughput_stacks"), "training software, for the model")] = None
    factor: Positive | None = None
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
