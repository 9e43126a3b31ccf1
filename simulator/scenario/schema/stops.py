"""What stops a run, and what a stop costs."""

from typing import Annotated

from pydantic import BeforeValidator, Field, WithJsonSchema

from simulator.reliability.fleet import DOMAINS, REPAIR_LAWS
from simulator.scenario import keys
from simulator.scenario.quantities import (
    Age,
    AnyTime,
    Count,
    Factor,
    Flag,
    Number,
    PerThousand,
    Share,
    Spread,
    Text,
    Time,
    key_of,
    one_of,
)
from simulator.scenario.schema.section import Section


class OwnCause(Section):
    """A cause of stops: a change to one of the catalogue's, or one of your own."""

    rate_per_1000_node_days: PerThousand | None = None
    kind: Annotated[str | None, *one_of("fail_stop", "hang", "slow", "silent", "planned", "loss_spike")] = None
    detection: AnyTime | None = None
    nodes_lost: Number | None = None
    repair: AnyTime | None = None
    repair_law: Annotated[str | None, *one_of(*REPAIR_LAWS)] = None
    repair_shape: Factor | None = None
    law: Annotated[str | None, *key_of(keys.failure_laws, "a failure law, such as weibull")] = None
    mean: Time | None = None
    shape: Factor | None = None
    times: list[AnyTime] | None = None
    units: list[Number] | None = None
    ages: list[AnyTime] | None = None
    multiples: list[Factor] | None = None
    age: Age | None = None
    domain: Annotated[str | None, *one_of(*DOMAINS)] = None
    domain_nodes: Factor | None = None
    rewind: AnyTime | None = None
    slowdown: Share | None = None
    duration: AnyTime | None = None


class Lemons(Section):
    """Nodes that fail more often than the others until they are truly mended."""

    share: Share | None = None
    multiple: Factor | None = None


class Diagnosis(Section):
    """How often the wrong node is taken out, or none."""

    misses: Share | None = None
    blames_wrong: Share | None = None


class Maturity(Section):
    """How many times the stated rates hold, by the time since the run began."""

    ages: list[AnyTime] | None = None
    multiples: list[Factor] | None = None


class Detection(Section):
    """Time from fault to known stop, by kind of cause."""

    fail_stop: AnyTime | None = None
    hang: AnyTime | None = None
    slow: AnyTime | None = None
    silent: AnyTime | None = None
    planned: AnyTime | None = None
    loss_spike: AnyTime | None = None


class Failures(Section):
    """What stops the run."""

    catalogue: Annotated[
        str | None,
        BeforeValidator(keys.failure_catalogue),
        WithJsonSchema({"type": "string", "description": "key of the failure catalogue, none, or FILE.toml#KEY"}),
    ] = None
    enabled: Flag | None = None
    rate_multiplier: Factor | None = None
    exposure: Annotated[str | None, *one_of("A", "B", "C")] = None
    rate_uncertainty: Annotated[str | None, *one_of("none", "poisson")] = None
    detection: Detection = Detection()
    maturity: Maturity = Maturity()
    lemons: Lemons = Lemons()
    diagnosis: Diagnosis = Diagnosis()
    causes: dict[Text, OwnCause] = Field(default_factory=dict)


class ByHand(Section):
    """Stops after which people have to restart the job."""

    share: Share | None = None
    time: AnyTime | None = None
    law: Annotated[str | None, *one_of(*REPAIR_LAWS)] = None
    shape: Factor | None = None


class Recovery(Section):
    """What a stop costs, and how lost machines come back."""

    policy: Annotated[str | None, *one_of("restart", "shrink", "replica")] = None
    group: Count | None = None
    batch: Annotated[str | None, *one_of("keep", "shrink")] = None
    micro_batches: Count | None = None
    stall: AnyTime | None = None
    rejoin: AnyTime | None = None
    detection: AnyTime | None = None
    swap: AnyTime | None = None
    initialization: AnyTime | None = None
    initialization_at: Count | None = None
    initialization_exponent: Spread | None = None
    restore: AnyTime | None = None
    startup: AnyTime | None = None
    by_hand: ByHand = ByHand()
    repair: AnyTime | None = None
    repair_law: Annotated[str | None, *one_of(*REPAIR_LAWS)] = None
    repair_shape: Factor | None = None
