"""The machines of a scenario."""

from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from simulator.scenario import keys
from simulator.scenario.quantities import Count, Spares, key_of
from simulator.scenario.schema.section import Section


class Cluster(Section):
    """The machines: kind, number, how many to a node, and spare nodes beside the job."""

    accelerator: Annotated[str | None, *key_of(keys.entries("accelerators"), "key of the accelerator catalogue")] = None
    system: Annotated[
        str | None,
        BeforeValidator(keys.system),
        WithJsonSchema({"type": "string", "description": "key of the system catalogue, or FILE.toml#KEY"}),
    ] = None
    accelerators: Count | None = None
    accelerators_per_node: Count | None = None
    spares: Spares = None
