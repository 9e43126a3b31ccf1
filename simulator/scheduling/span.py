"""How far apart a placement lies: over how many nodes, racks and pods."""

from typing import NamedTuple

from simulator.scheduling.layout import Layout
from simulator.scheduling.pool import Place


class Span(NamedTuple):
    """What a gang of so many accelerators is spread over."""

    accelerators: int
    nodes: int
    racks: int
    pods: int


class Ruler:
    """Measures placements on a layout.

    Parameters
    ----------
    layout : Layout
        Nodes, racks and pods.

    Examples
    --------
    >>> ruler = Ruler(Layout(units=[8] * 8, rack_nodes=2, pod_racks=2))
    >>> ruler.span(Place((0, 1, 2), (8, 8, 8))), ruler.least(24)
    (Span(accelerators=24, nodes=3, racks=2, pods=1), Span(accelerators=24, nodes=3, racks=2, pods=1))
    """

    def __init__(self, layout: Layout) -> None:
        racks, pods = layout.groups()
        one, numbers = [0] * len(layout.units), layout.numbered()
        self._racks = [(racks or one)[node] for node in numbers]
        self._pods = [(pods or one)[node] for node in numbers]
        self._device = layout.device
        self._per_node = max(layout.units) // layout.device
        self._rack_nodes = layout.rack_nodes or len(layout.units)
        self._pod_nodes = self._rack_nodes * (layout.pod_racks or len(layout.units))

    def span(self, place: Place) -> Span:
        """Return what a placement is spread over."""
        return Span(
            -(-sum(place.units) // self._device),
            len(place.nodes),
            len({self._racks[node] for node in place.nodes}),
            len({self._pods[node] for node in place.nodes}),
        )

    def least(self, accelerators: int) -> Span:
        """Return the span of the closest placement that the layout could have: the fewest nodes, racks and pods."""
        nodes = -(-accelerators // self._per_node)
        return Span(accelerators, nodes, -(-nodes // self._rack_nodes), -(-nodes // self._pod_nodes))
