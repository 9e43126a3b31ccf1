"""When and how the state is saved."""

from typing import Annotated

from simulator.scenario import keys
from simulator.scenario.quantities import AnyTime, Bandwidth, Bytes, Count, Flag, Share, Time, key_of, one_of
from simulator.scenario.schema.section import Section


class Near(Section):
    """Near copies of the state, between the durable saves: where, how often, and what takes them away."""

    tier: Annotated[str | None, *one_of("device", "host_memory", "partner_memory", "local_disk")] = None
    saves: Count | None = None
    save_time: AnyTime | None = None
    bandwidth: Bandwidth | None = None
    restore: AnyTime | None = None
    copies: Count | None = None
    together: Share | None = None
    recoverable: Share | None = None


class Checkpoint(Section):
    """When and how the state is saved."""

    policy: Annotated[
        str | None, *key_of(keys.checkpoint_policies, "none, periodic, young, daly, optimal or per-iteration")
    ] = None
    interval: Time | None = None
    mode: Annotated[str | None, *one_of("blocking", "asynchronous")] = None
    save_time: AnyTime | None = None
    blocking_time: AnyTime | None = None
    flush_slowdown: Share | None = None
    state: Bytes | None = None
    bandwidth: Bandwidth | None = None
    save_at_end: Flag | None = None
    flushes_in_flight: Count | None = None
    flush_bandwidth: Bandwidth | None = None
    keep: Count | None = None
    corrupt: Share | None = None
    verify: AnyTime | None = None
    near: Near = Near()
