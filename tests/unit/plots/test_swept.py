"""A picture for every shape of a sweep."""

from itertools import product

import pytest

from analysis.plots.amounts import dollars
from analysis.plots.swept import Spot, UndrawableError, ordered, swept

INTERVALS = ("15 min", "60 min", "120 min", "240 min")
SIZES = ("512", "1024", "2048", "4096")


def spots(*lists: tuple[str, ...]) -> list[Spot]:
    points = list(product(*lists))
    return [Spot(values=point, middle=1e6 + n, low=9e5 + n, high=1.2e6 + n) for n, point in enumerate(points)]


@pytest.mark.parametrize(
    ("lists", "panels", "images"),
    [
        ((INTERVALS,), 1, 0),
        ((INTERVALS, SIZES[:3]), 1, 0),  # a family of lines
        ((INTERVALS, SIZES), 2, 1),  # a map and its bar
        ((INTERVALS, SIZES, ("rsc-1", "rsc-2")), 3, 2),
        ((INTERVALS, SIZES[:2], ("a", "b")), 2, 0),
    ],
)
def test_the_shape_chooses_the_picture(lists: tuple[tuple[str, ...], ...], panels: int, images: int) -> None:
    names = ["checkpoint.interval", "cluster.accelerators", "failures.catalogue"][: len(lists)]
    picture = swept("sweep", names, spots(*lists), what="dollars, median", written=dollars)
    shown = [ax for ax in picture.figure.axes if ax.get_visible()]
    assert len(shown) == panels
    assert sum(bool(ax.images) for ax in shown) == images
    assert all(name.rpartition(".")[2] in picture.alt for name in names)
    again = swept("sweep", names, spots(*lists), what="dollars, median", written=dollars)
    assert picture.svg() == again.svg()


def test_samples_become_dots() -> None:
    some = [Spot(values=(f"${n}.5/h", f"0.{n}"), middle=n, low=n, high=n) for n in range(1, 9)]
    picture = swept("sweep", ["pricing.rate", "throughput.mfu"], some, what="dollars", written=dollars)
    assert [ax.get_xlabel() for ax in picture.figure.axes] == ["rate [$/h]", "mfu"]


def test_what_has_no_picture_is_said() -> None:
    with pytest.raises(UndrawableError, match="nothing was varied"):
        swept("sweep", [], spots(("1",)), what="dollars", written=dollars)
    with pytest.raises(UndrawableError, match="too many"):
        swept("sweep", list("abcd"), spots(*[("1", "2", "3")] * 4), what="dollars", written=dollars)


def test_values_stand_in_the_order_of_their_numbers() -> None:
    assert ordered(set(INTERVALS)) == list(INTERVALS)
    assert ordered({"$10/h", "$9/h"}) == ["$9/h", "$10/h"]
    assert ordered({"10 min", "1 h"}) == ["1 h", "10 min"]  # units differ: by their letters


def test_each_picture_says_what_its_bands_are() -> None:
    for lists in ((INTERVALS,), (INTERVALS, SIZES[:2])):
        names = ["checkpoint.interval", "cluster.accelerators"][: len(lists)]
        [ax] = swept("sweep", names, spots(*lists), what="dollars, median", written=dollars).figure.axes
        legend = ax.get_legend()
        assert legend is not None
        said = [legend.get_title().get_text(), *(text.get_text() for text in legend.get_texts())]
        assert "median; band p10 to p90" in said
