"""The sections of a scenario file, as pydantic models: what may be written, and in which units.

Every key is optional here. What is needed, what follows from what, and the defaults are the business of `resolve`.
"""

from simulator.scenario.schema.document import Document, PublishedRun, Run, ScenarioFile
from simulator.scenario.schema.machines import Cluster
from simulator.scenario.schema.market import Market, TimeLaw
from simulator.scenario.schema.mending import Mending, Repair, Reserve, Retirement, Spares
from simulator.scenario.schema.money import Kept, Leaving, Part, Preemption, Pricing, Terms
from simulator.scenario.schema.parallelism import Parallelism
from simulator.scenario.schema.power import Energy, Ownership
from simulator.scenario.schema.saving import Checkpoint, Near
from simulator.scenario.schema.section import Section
from simulator.scenario.schema.sharing import Shared
from simulator.scenario.schema.stops import ByHand, Detection, Diagnosis, Failures, Lemons, Maturity, OwnCause, Recovery
from simulator.scenario.schema.training import Data, Model, Phase, Throughput

__all__ = [
    "ByHand",
    "Checkpoint",
    "Cluster",
    "Data",
    "Detection",
    "Diagnosis",
    "Document",
    "Energy",
    "Failures",
    "Kept",
    "Leaving",
    "Lemons",
    "Market",
    "Maturity",
    "Mending",
    "Model",
    "Near",
    "OwnCause",
    "Ownership",
    "Parallelism",
    "Part",
    "Phase",
    "Preemption",
    "Pricing",
    "PublishedRun",
    "Recovery",
    "Repair",
    "Reserve",
    "Retirement",
    "Run",
    "ScenarioFile",
    "Section",
    "Shared",
    "Spares",
    "Terms",
    "Throughput",
    "TimeLaw",
]
