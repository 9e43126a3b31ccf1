"""Who held which nodes when: a Gantt chart with racks as bands."""

from collections.abc import Sequence

from matplotlib.collections import PolyCollection
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

from analysis.plots.style import BLUE, INK, ORANGE, RULE, SKY, Picture, canvas, drawn

Box = tuple[float, float, int, int, float, bool]
"""Start and end [d], first and last node, share of the cluster, and whether the job is to stand out."""

_CLASSES = (  # least share of the cluster, what it is called, colour, hatch
    (0.1, "a tenth of the cluster or more", BLUE, ""),
    (0.01, "a hundredth or more", SKY, ""),
    (0.0, "less", "#999999", ""),
)
_MARKED = ("the inserted run", ORANGE, "xx")
_MOST_LABELS = 9
_MANY = 300  # boxes: their outlines would leave nothing to see on paper


@drawn
def occupation(
    name: str, boxes: Sequence[Box], *, nodes: int, rack_nodes: int | None, until_d: float, alt: str
) -> Picture:
    """Draw nodes upwards and days to the right, with a line between racks.

    Parameters
    ----------
    name : str
        Of the picture.
    boxes : sequence of Box
        What was held.
    nodes, rack_nodes : int, int or None
        Of the cluster, and of one rack.
    until_d : float
        End of the axis [d].
    alt : str
        What it shows, in words.
    """
    figure = canvas(3.6)
    ax = figure.add_subplot()
    legend = []
    line = 0.25 if len(boxes) <= _MANY else 0.0
    for label, colour, hatch, found in _classed(boxes):
        corners = [[(box[0], box[2]), (box[1], box[2]), (box[1], box[3] + 1), (box[0], box[3] + 1)] for box in found]
        ax.add_collection(
            PolyCollection(corners, facecolor=colour, hatch=hatch, edgecolor=INK, linewidth=line), autolim=False
        )
        legend.append(Patch(facecolor=colour, hatch=hatch, edgecolor=INK, linewidth=0.6, label=label))
    size = rack_nodes or nodes
    racks = -(-nodes // size)
    if 1 < racks <= 64:
        ax.hlines([rack * size for rack in range(1, racks)], 0, until_d, color=RULE, linewidth=0.5, zorder=0)
    every = -(-racks // _MOST_LABELS)
    ax.yaxis.set_major_locator(FixedLocator([(rack + 0.5) * size for rack in range(0, racks, every)]))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{int(value // size) + 1}"))
    ax.set_ylabel("rack" if rack_nodes else "all nodes")
    if not rack_nodes:
        ax.set_yticks([])
    ax.set_xlim(0, until_d)
    ax.set_ylim(0, nodes)
    ax.xaxis.set_major_locator(MaxNLocator(6))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.set_xlabel("days since the first submission")
    ax.legend(handles=legend, loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2, borderaxespad=0.2, handlelength=1.4)
    return Picture(name=name, figure=figure, alt=alt)


def _classed(boxes: Sequence[Box]) -> Sequence[tuple[str, str, str, Sequence[Box]]]:
    """Sort boxes into classes of size, the largest first, and leave out classes that nobody is in."""
    found: dict[tuple[str, str, str], list[Box]] = {}
    for _, label, colour, hatch in _CLASSES:
        found[label, colour, hatch] = []
    found[_MARKED] = []
    for box in boxes:
        kind = _MARKED if box[5] else next((rest for least, *rest in _CLASSES if box[4] >= least))
        found[kind[0], kind[1], kind[2]].append(box)
    return [(*kind, each) for kind, each in found.items() if each]
