"""All placement rules of ours, registered by importing this module, and how one is made from its name and options."""

from simulator.scheduling import consolidating, scattering, torus
from simulator.scheduling.nodes import PLACEMENTS, NodePool, PlacementRule
from simulator.scheduling.policy import from_text

__all__ = ["OURS", "PLACEMENTS", "NodePool", "PlacementRule", "make_placement"]

OURS = (scattering, consolidating, torus)


def make_placement(text: str) -> PlacementRule:
    """Make a rule from its name and options, such as ``segment:nodes=16``.

    Raises
    ------
    KeyError
        If there is no such rule; the message lists those there are.
    ValueError
        If an option is unknown or no number.

    Examples
    --------
    >>> make_placement("segment:nodes=4").nodes
    4
    """
    return from_text(PLACEMENTS, text, "placement")
