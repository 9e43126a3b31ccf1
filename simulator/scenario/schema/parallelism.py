"""How a training step is spread over accelerators, as far as the scenario knows it."""

from typing import Annotated

from simulator.scenario.quantities import Count, Flag, Number, one_of
from simulator.scenario.schema.section import Section


class Parallelism(Section):
    """The plan; what it leaves out is chosen: the fastest that is legal and fits in memory."""

    tensor: Count | None = None
    pipeline: Count | None = None
    data: Count | None = None
    context: Count | None = None
    expert: Count | None = None
    chunks: Count | None = None
    micro_batch: Count | None = None
    zero: Number | None = None
    shard: Count | None = None
    recompute: Annotated[str | None, *one_of("none", "selective", "full")] = None
    sequence_parallel: Flag | None = None
    precision: Annotated[str | None, *one_of("bf16", "fp8")] = None
