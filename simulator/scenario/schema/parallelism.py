"""How a training step is spread over accelerators, as far as the scenario knows it."""

from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from simulator.scenario.quantities import Count, Flag, kind_of, one_of
from simulator.scenario.schema.section import Section


def _zero(value: Any) -> int:
    if isinstance(value, bool) or value not in (0, 1, 2, 3):
        raise ValueError(
            f"expected 0 (nothing is shared), 1 (optimizer), 2 (gradients) or 3 (parameters), found {kind_of(value)}"
        )
    return int(value)


class Parallelism(Section):
    """The plan; what it leaves out is chosen: the fastest that is legal and fits in memory."""

    tensor: Count | None = None
    pipeline: Count | None = None
    data: Count | None = None
    context: Count | None = None
    expert: Count | None = None
    chunks: Count | None = None
    micro_batch: Count | None = None
    zero: Annotated[int | None, BeforeValidator(_zero), WithJsonSchema({"type": "integer", "enum": [0, 1, 2, 3]})] = (
        None
    )
    shard: Count | None = None
    domain: Count | None = None
    recompute: Annotated[str | None, *one_of("none", "selective", "full")] = None
    sequence_parallel: Flag | None = None
    precision: Annotated[str | None, *one_of("bf16", "fp8")] = None
