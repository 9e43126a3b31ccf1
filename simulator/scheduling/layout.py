"""From the layout of a cluster, in numbers, to the pool that jobs are placed in."""

from collections.abc import Sequence
from dataclasses import dataclass

from simulator.scheduling.mixed import DevicePool, MixedPool
from simulator.scheduling.placement import NodePool, make_placement
from simulator.scheduling.pool import Pool
from simulator.scheduling.torus import TorusPool


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Nodes and how they are grouped.

    Parameters
    ----------
    units : sequence of int
        Units of each node; of each chip, 1, on a torus.
    rack_nodes, pod_racks : int or None
        Nodes of a rack (leaf, block, NVL72 domain) and racks of a pod; None puts all into one.
    kinds : sequence of str or None
        Kind of accelerator of each node; None where no job asks for one.
    device : int
        Units of one accelerator; more than 1 where jobs share accelerators.
    torus, cube : tuple of int
        Sides of a torus of chips, and of the cubes that switches join; empty where there is none.

    Examples
    --------
    >>> Layout(units=[8] * 6, rack_nodes=2, pod_racks=2).groups()
    ([0, 0, 1, 1, 2, 2], [0, 0, 0, 0, 1, 1])
    """

    units: Sequence[int]
    rack_nodes: int | None = None
    pod_racks: int | None = None
    kinds: Sequence[str] | None = None
    device: int = 1
    torus: tuple[int, ...] = ()
    cube: tuple[int, ...] = ()

    def groups(self) -> tuple[Sequence[int] | None, Sequence[int] | None]:
        """Return the rack and the pod of each node."""
        if self.rack_nodes is None:
            return None, None
        racks = [node // self.rack_nodes for node in range(len(self.units))]
        return racks, None if self.pod_racks is None else [rack // self.pod_racks for rack in racks]

    def pool(self, placement: str) -> Pool:
        """Return the empty cluster under a rule, named with its options as in `make_placement`."""
        if self.torus:
            return TorusPool(self.torus, make_placement(placement), self.cube)
        racks, pods = self.groups()
        if self.kinds is None:
            return self._plain(self.units, placement, racks, pods)
        pools: dict[str, Pool] = {}
        for kind in dict.fromkeys(self.kinds):
            mine = [node for node, found in enumerate(self.kinds) if found == kind]
            pools[kind] = self._plain(
                [self.units[node] for node in mine],
                placement,
                racks and [racks[node] for node in mine],
                pods and [pods[node] for node in mine],
            )
        return MixedPool(pools)

    def _plain(
        self, units: Sequence[int], placement: str, racks: Sequence[int] | None, pods: Sequence[int] | None
    ) -> Pool:
        rule = make_placement(placement)
        if self.device > 1:
            return DevicePool(units, rule, racks, pods, device=self.device)
        return NodePool(units, rule, racks, pods)

    def numbered(self) -> Sequence[int]:
        """Return the layout's number of each of the pool's nodes: a mixed pool counts kind by kind."""
        if self.kinds is None:
            return range(len(self.units))
        return [node for kind in dict.fromkeys(self.kinds) for node, found in enumerate(self.kinds) if found == kind]
