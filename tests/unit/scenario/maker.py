"""A maker of scenarios that differ from a simple one, for the tests of what scenarios mean."""

from pathlib import Path

import pytest

from simulator.foundation.issues import ScenarioError
from simulator.scenario.api import scenario
from simulator.scenario.values import Assumption, Scenario

BASE = """
[cluster]
accelerator = "a100-sxm-80gb"
accelerators = 64
[model]
architecture = "llama-7b"
[data]
tokens = "10B tokens"
batch = "4M tokens"
[throughput]
tokens_per_second_per_accelerator = "3000 tokens/s"
[failures]
catalogue = "rsc-1"
[pricing]
rate = "$2/h"
"""


class Maker:
    """Makes scenarios that differ from a simple one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "base.toml").write_text(BASE)

    def __call__(self, addition: str = "", *sets: str) -> Scenario:
        file = self.folder / "top.toml"
        file.write_text(f"extends = 'base.toml'\n{addition}")
        return scenario(file, sets)

    def issues(self, addition: str, *sets: str) -> dict[str, str]:
        with pytest.raises(ScenarioError) as caught:
            self(addition, *sets)
        return {issue.path: issue.message for issue in caught.value.issues}


def fact(found: Scenario, path: str) -> Assumption:
    return next(item for item in found.assumptions if item.path == path)
