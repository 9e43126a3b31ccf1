"""When and how the state is saved."""

from typing import Annotated

from simulator.scenario import keys
from simulator.scenario.quantities import AnyTime, Bandwidth, Bytes, Flag, Share, Time, key_of, one_of
from simulator.scenario.schema.section import Section


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
