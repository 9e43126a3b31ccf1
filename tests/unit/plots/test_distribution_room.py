"""The labels of p10 and p90 stay inside the axes, also with few runs whose interval reaches the edges."""

import numpy as np
import pytest

from analysis.plots.amounts import days, dollars
from analysis.plots.distribution import Mark, distribution

SAMPLES = {
    "few": np.array([409.6, 409.7, 410.5, 410.9, 411.0, 412.8, 415.0]),
    "two": np.array([20.0, 30.0]),
    "many": np.random.default_rng(1).normal(22.0, 0.2, 500),
    "uniform": np.linspace(5.0, 6.0, 200),
    "wide": np.linspace(11.0, 27.8, 1000),
}


@pytest.mark.parametrize("mark", [None, Mark(value=411.3, label="published: 411.3 d (gross)")], ids=["alone", "mark"])
@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES.keys())
def test_labels_stay_inside(sample: np.ndarray, mark: Mark | None) -> None:
    for written, factor in ((days, 1.0), (dollars, 1e5)):
        figure = distribution("d", factor * sample, quantity="q", written=written, mark=mark).figure
        [ax] = figure.axes
        inside = ax.get_window_extent()
        labels = [text for text in ax.texts if text.get_text().startswith(("p10", "p90"))]
        assert len(labels) == 2
        for label in labels:
            box = label.get_window_extent()
            assert box.x0 >= inside.x0, label.get_text()
            assert box.x1 <= inside.x1, label.get_text()
