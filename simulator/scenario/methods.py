"""The registry of the ways to an efficiency: names alone, so that the schema can list them without what they need.

The ways of ours are in `simulator.scenario.efficiency`, which registers them when it is imported.
"""

from typing import Any, Final

from simulator.foundation.registry import Registry

METHODS: Final = Registry[type[Any]]("efficiency method", group="flopcast.efficiency_methods")
