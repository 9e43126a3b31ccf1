"""Chips on a torus, and the two ways to cut slices out of it.

*Fixed* (TPU v2, v3, v5e): a slice is a contiguous box of chips. *Switched* (TPU v4, v5p): optical circuit switches join
whole cubes of 4 x 4 x 4 chips, so that a slice of at least a cube is any free cubes, and a smaller one is a box
inside one cube. A count that no box has is rounded up to the next one that has.

Source: Jouppi et al., "TPU v4", ISCA 2023, sections 2.2 and 2.9 (arXiv 2304.01433).
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Self, TypeAlias

from simulator.scheduling.job import Job
from simulator.scheduling.nodes import PLACEMENTS, NodePool, PlacementRule
from simulator.scheduling.pool import Place

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    BoolArray: TypeAlias = NDArray[np.bool_]

Sides: TypeAlias = tuple[int, ...]


class TorusPool(NodePool):
    """The chips of a torus; the number of a chip counts along the last axis first.

    Parameters
    ----------
    shape : sequence of int
        Chips along each axis.
    rule : PlacementRule
        Such as `Box` or `Slices`.
    cube : sequence of int
        Sides of the cubes that switches join; empty where there are none.

    Examples
    --------
    >>> pool = TorusPool((4, 4), Box())
    >>> pool.find(Job("a", 0, 4, 1, 1)).nodes
    (0, 1, 4, 5)
    """

    def __init__(self, shape: Sequence[int], rule: PlacementRule, cube: Sequence[int] = ()) -> None:
        import numpy as np

        super().__init__([1] * prod(shape), rule, _cubes(tuple(shape), tuple(cube)))
        self.shape, self.cube = tuple(shape), tuple(cube)
        self.usable: BoolArray = np.ones(self.shape, dtype=bool)

    def set_free(self, node: int, free: int) -> None:
        """State whether a chip is free."""
        super().set_free(node, free)
        self.usable.flat[node] = bool(free) and node not in self.broken

    def give_all(self, places: Iterable[Place]) -> None:
        """Give the chips of many places back."""
        for place in places:
            self.give(place)

    def lose(self, node: int) -> None:
        """Take a chip out of service."""
        super().lose(node)
        self.usable.flat[node] = False

    def restore(self, node: int) -> None:
        """Put a chip back into service."""
        super().restore(node)
        self.usable.flat[node] = bool(self.free_on[node])

    def copy(self) -> Self:
        """Return an independent copy."""
        twin = super().copy()
        twin.usable = self.usable.copy()
        return twin


def _cubes(shape: Sides, cube: Sides) -> list[int] | None:
    """Return the number of each chip's cube."""
    if not cube:
        return None
    if len(cube) != len(shape) or any(side % part for side, part in zip(shape, cube, strict=True)):
        raise ValueError(f"cubes of {_text(cube)} do not divide a torus of {_text(shape)}")
    along = tuple(side // part for side, part in zip(shape, cube, strict=True))
    found = []
    for place in product(*map(range, shape)):
        number = 0
        for at, part, count in zip(place, cube, along, strict=True):
            number = number * count + at // part
        found.append(number)
    return found


@PLACEMENTS.register("box")
class Box:
    """A contiguous box of the torus, the most compact first; it may reach around the edge, as the links do."""

    def find(self, job: Job, nodes: NodePool) -> Place | None:
        """Return the first free box of the fewest chips that hold the gang."""
        pool = _torus(nodes, "box")
        chips = next((count for count in _volumes(pool.shape) if count >= job.size), None)
        if chips is None:
            return None
        for sides in boxes(chips, pool.shape):
            free = _free_corners(pool.usable, sides, around=True)
            if free.any():
                return _chips(pool.shape, _first(free), sides)
        return None

    def obstacle(self, job: Job, nodes: NodePool) -> str:  # noqa: ARG002 - the protocol
        """Chips are there, and no box is: that is what the torus asks for."""
        return "topology"


@PLACEMENTS.register("slices")
class Slices:
    """Any free cubes; a slice of less than a cube is a box inside the fullest cube that has one."""

    def find(self, job: Job, nodes: NodePool) -> Place | None:
        """Return whole cubes, or a box inside one."""
        pool = _torus(nodes, "slices")
        if not pool.cube:
            raise ValueError("placement slices needs the sides of a cube; without optical switches use box")
        if job.size < prod(pool.cube):
            return self._inside(job.size, pool)
        wanted = -(-job.size // prod(pool.cube))
        free = [number for number, cube in enumerate(_each_cube(pool)) if cube.all()][:wanted]
        if len(free) < wanted:
            return None
        chosen = set(free)
        chips = tuple(chip for chip, number in enumerate(pool.racks) if number in chosen)
        return Place(chips, (1,) * len(chips))

    def _inside(self, size: int, pool: TorusPool) -> Place | None:
        """Return a box that does not leave its cube: links around the edge exist only for whole cubes."""
        chips = next(count for count in _volumes(pool.cube) if count >= size)
        cubes = _each_cube(pool)
        rooms = cubes.reshape(len(cubes), -1).sum(axis=1).tolist()
        for number in sorted(range(len(cubes)), key=lambda number: (rooms[number], number)):
            if rooms[number] >= chips:
                for sides in boxes(chips, pool.cube):
                    free = _free_corners(cubes[number], sides, around=False)
                    if free.any():
                        return _chips(pool.shape, _first(free), sides, _corner(number, pool))
        return None

    def obstacle(self, job: Job, nodes: NodePool) -> str:  # noqa: ARG002 - the protocol
        """Chips are there, and no cubes are, or no box inside one."""
        return "topology"


def _torus(nodes: NodePool, rule: str) -> TorusPool:
    if not isinstance(nodes, TorusPool):
        raise ValueError(f"placement {rule} works on the chips of a torus; give its shape")
    return nodes


def _text(sides: Sides) -> str:
    return " x ".join(map(str, sides))


@lru_cache(maxsize=256)
def boxes(chips: int, shape: Sides) -> Sequence[Sides]:
    """Return the sides of all boxes of so many chips that a torus holds, the least surface first.

    Examples
    --------
    >>> boxes(8, (4, 4, 4))[0], boxes(16, (16, 16))
    ((2, 2, 2), ((4, 4), (2, 8), (8, 2), (1, 16), (16, 1)))
    """
    return tuple(sorted(_sides(chips, shape), key=lambda sides: (sum(chips // side for side in sides), sides)))


def _sides(chips: int, shape: Sides) -> Iterator[Sides]:
    if len(shape) == 1:
        if chips <= shape[0]:
            yield (chips,)
        return
    for side in range(1, shape[0] + 1):
        if chips % side == 0:
            yield from ((side, *rest) for rest in _sides(chips // side, shape[1:]))


@lru_cache(maxsize=32)
def _volumes(shape: Sides) -> Sequence[int]:
    """Return the numbers of chips that boxes of a torus can have."""
    found = {1}
    for side in shape:
        found = {volume * part for volume in found for part in range(1, side + 1)}
    return sorted(found)


def _free_corners(usable: "BoolArray", sides: Sides, *, around: bool) -> "BoolArray":
    """Tell at which chips a free box can have its first corner."""
    import numpy as np

    for axis, side in enumerate(sides):
        length = usable.shape[axis]
        if around and side < length:
            usable = np.concatenate([usable, usable.take(range(side - 1), axis=axis)], axis=axis)
        counts = np.cumsum(usable, axis=axis, dtype=np.int32)
        before = np.concatenate([np.zeros_like(counts.take([0], axis=axis)), counts], axis=axis)
        corners = usable.shape[axis] - side + 1
        ends = before.take(range(side, side + corners), axis=axis)
        usable = ends - before.take(range(corners), axis=axis) == side
    return usable


def _first(free: "BoolArray") -> Sides:
    import numpy as np

    return tuple(int(at) for at in np.unravel_index(int(free.argmax()), free.shape))


def _chips(shape: Sides, corner: Sides, sides: Sides, origin: Sides | None = None) -> Place:
    """Return the chips of a box, in order of their numbers."""
    start = corner if origin is None else tuple(a + b for a, b in zip(origin, corner, strict=True))
    numbers = []
    for step in product(*map(range, sides)):
        number = 0
        for first, offset, length in zip(start, step, shape, strict=True):
            number = number * length + (first + offset) % length
        numbers.append(number)
    return Place(tuple(sorted(numbers)), (1,) * len(numbers))


def _each_cube(pool: TorusPool) -> "BoolArray":
    """Return what is usable, cube by cube: an array of shape (cubes, *cube)."""
    counts = [side // part for side, part in zip(pool.shape, pool.cube, strict=True)]
    split = pool.usable.reshape([size for pair in zip(counts, pool.cube, strict=True) for size in pair])
    axes = len(counts)
    ordered = split.transpose([*range(0, 2 * axes, 2), *range(1, 2 * axes, 2)])
    return ordered.reshape(-1, *pool.cube)


def _corner(number: int, pool: TorusPool) -> Sides:
    """Return the first chip of a cube."""
    place: list[int] = []
    for side, part in zip(reversed(pool.shape), reversed(pool.cube), strict=True):
        number, at = divmod(number, side // part)
        place.append(at * part)
    return tuple(reversed(place))
