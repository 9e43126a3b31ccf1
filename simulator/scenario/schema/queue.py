"""A shared cluster: its queue, its teams, its jobs and its calendar."""

from typing import Annotated

from pydantic import BeforeValidator, Field, WithJsonSchema

from simulator.scenario import keys
from simulator.scenario.quantities import AnyTime, Count, Factor, Flag, Number, Share, Text, Time, one_of
from simulator.scenario.schema.section import Section

Policies = Annotated[
    list[str] | None,
    BeforeValidator(keys.queue_policies),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array"}], "description": "a queue policy, or a list"}),
]
Placement = Annotated[
    str | None,
    BeforeValidator(keys.placement),
    WithJsonSchema({"type": "string", "description": "a placement rule with its options"}),
]
Nodes = Annotated[
    list[int] | None,
    BeforeValidator(keys.node_numbers),
    WithJsonSchema({"type": "string", "description": "numbers of nodes, such as '0-17, 20'"}),
]


class QueueTeam(Section):
    """A team: what is its own, how far it may go, and what its jobs are like."""

    share: Factor | None = None
    quota: Number | None = None
    weight: Factor | None = None
    tier: Number | None = None
    most: Count | None = None
    user_most: Count | None = None
    priority: Number | None = None
    preemptible: Flag | None = None


class QueueJob(Section):
    """A job, or equal jobs at equal distances."""

    name: Text | None = None
    team: Text | None = None
    user: Text | None = None
    at: AnyTime | None = None
    accelerators: Count | None = None
    run: Time | None = None
    estimate: Time | None = None
    priority: Number | None = None
    preemptible: Flag | None = None
    after: Text | None = None
    deadline: AnyTime | None = None
    count: Count | None = None
    every: Time | None = None


class Service(Section):
    """An inference service beside training: instances that hold accelerators while they are wanted."""

    name: Text | None = None
    team: Text | None = None
    accelerators: Count | None = None
    instances: Count | None = None
    by_hour: list[Number] | None = None
    until: Time | None = None
    priority: Number | None = None


class Reserved(Section):
    """Accelerators that belong to a team for a time."""

    team: Text | None = None
    at: AnyTime | None = None
    duration: Time | None = None
    accelerators: Count | None = None


class Planned(Section):
    """What is planned for nodes."""

    kind: Annotated[str | None, *one_of("maintenance", "buy", "sell", "spot")] = None
    nodes: Nodes = None
    at: AnyTime | None = None
    duration: Time | None = None
    drain: AnyTime | None = None
    times: list[AnyTime] | None = None
    counts: list[Number] | None = None


class Queue(Section):
    """How jobs wait, where they come from, and what is planned."""

    policy: Policies = None
    placement: Placement = None
    rack_nodes: Count | None = None
    overrun: Annotated[str | None, *one_of("extend", "kill", "any-moment")] = None
    requeue: Annotated[str | None, *one_of("original", "head", "tail")] = None
    grace: AnyTime | None = None
    keep_on_notice: Flag | None = None
    limit: Time | None = None
    trace: Text | None = None
    workload: Text | None = None
    draw: Count | None = None
    shake: AnyTime | None = None
    warm_up: Share | None = None
    teams: dict[Text, QueueTeam] = Field(default_factory=dict)
    jobs: list[QueueJob] = Field(default_factory=list)
    services: list[Service] = Field(default_factory=list)
    reservations: list[Reserved] = Field(default_factory=list)
    calendar: list[Planned] = Field(default_factory=list)
