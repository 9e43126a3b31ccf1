"""The pictures of a cluster's report: who waited, how full it was, what lay idle in pieces, and who held what."""

from collections.abc import Sequence
from functools import partial

from analysis.metrics.cluster_levels import Waits, binned, shares, tiles, waits_by_size
from analysis.plots.amounts import share
from analysis.plots.levels import Series, levels
from analysis.plots.occupation import occupation
from analysis.plots.style import BLUE, GREY, ORANGE, VERMILLION
from analysis.plots.waits import waits
from analysis.report.exhibits import Exhibit
from simulator.engine.cluster_log import ClusterLog
from simulator.scheduling.job import JobId

MOST_TILES = 1500


def cluster_exhibits(
    log: ClusterLog, *, rack_nodes: int | None = None, inserted: JobId | None = None
) -> Sequence[Exhibit]:
    """Return what a log with levels has to show; racks and pieces only where there are nodes.

    Parameters
    ----------
    log : ClusterLog
        With levels, and with stays where there are nodes.
    rack_nodes : int or None
        Nodes of a rack.
    inserted : job id or None
        Of a job that is to stand out.
    """
    made = [_queue(log), _use(log)]
    if any(stay.nodes for stay in log.stays):
        made += [_pieces(log), _gantt(log, rack_nodes, inserted)]
    return [*made, _waits(log)]


def _queue(log: ClusterLog) -> Exhibit:
    curve = binned(log.levels, lambda level: level.waiting)
    highest = max(curve.means)
    alt = f"Jobs waiting over {curve.edges_d[-1]:.0f} days: {_mean(curve.means):.1f} on average, {highest:.0f} at most."
    draw = partial(
        levels, "queue", curve.edges_d, [Series(name="waiting", means=curve.means, colour=VERMILLION)],
        quantity="jobs waiting", written=_jobs, alt=alt,
    )  # fmt: skip
    return Exhibit(section="queue", caption="Jobs waiting; each step is a mean over a 240th of the time.", draw=draw)


def _use(log: ClusterLog) -> Exhibit:
    of = shares(log)
    held, out = binned(log.levels, of["held"]), binned(log.levels, lambda level: of["held"](level) + of["down"](level))
    series = [Series(name="held by jobs", means=held.means, colour=BLUE)]
    if max(out.means) - max(held.means) > 0 or any(b - a > 1e-12 for a, b in zip(held.means, out.means, strict=True)):
        series.insert(0, Series(name="out of service", means=out.means, colour=VERMILLION, hatch="////"))
    alt = f"Share of the cluster held by jobs over time: {share(_mean(held.means))} on average."
    draw = partial(
        levels, "use", held.edges_d, series, quantity="share of the cluster", written=share, top=1.0, alt=alt
    )
    return Exhibit(section="queue", caption="Utilisation: units held by jobs, over all units.", draw=draw)


def _pieces(log: ClusterLog) -> Exhibit:
    of = shares(log)
    idle, stranded = binned(log.levels, of["idle"]), binned(log.levels, of["stranded"])
    series = [
        Series(name="idle", means=idle.means, colour=GREY),
        Series(name="of it on partly used nodes", means=stranded.means, colour=ORANGE, hatch="////"),
    ]
    part = _mean(stranded.means) / _mean(idle.means) if _mean(idle.means) else 0.0
    alt = f"Idle share of the cluster, {share(_mean(idle.means))} on average, {share(part)} of it on partly used nodes."
    draw = partial(
        levels, "pieces", idle.edges_d, series, quantity="share of the cluster", written=share,
        top=max(1.15 * max(idle.means), 0.01), alt=alt,
    )  # fmt: skip
    caption = "Fragmentation: what is idle, and the part of it on nodes that are partly used."
    return Exhibit(section="placement", caption=caption, draw=draw)


def _gantt(log: ClusterLog, rack_nodes: int | None, inserted: JobId | None) -> Exhibit:
    found = tiles(log, most=MOST_TILES, marked=inserted)
    nodes = max(node for stay in log.stays for node in stay.nodes) + 1
    until_d = max(tile.end_d for tile in found)
    drawn = len(found)
    whole = sum(len(stay.nodes) > 0 for stay in log.stays)
    alt = (
        f"Gantt chart of {nodes:,} nodes over {until_d:.0f} days: the {drawn:,} largest stretches of neighbouring "
        f"nodes that a job held, out of {whole:,} stays."
    )
    draw = partial(occupation, "gantt", found, nodes=nodes, rack_nodes=rack_nodes, until_d=until_d, alt=alt)
    caption = (
        f"Who held which nodes: the {drawn:,} largest stretches, coloured by the part of the cluster that the job held."
    )
    return Exhibit(section="placement", caption=caption, draw=draw)


def _waits(log: ClusterLog) -> Exhibit:
    rows: Sequence[Waits] = waits_by_size(log)
    draw = partial(waits, "waits", [(row.name, row.jobs, row.median_s, row.p95_s) for row in rows])
    return Exhibit(section="waits", caption="Waits by size class.", draw=draw)


def _jobs(value: float, digits: int = 3) -> str:
    return f"{value:,.{digits}g}" if value < 100 else f"{value:,.0f}"


def _mean(means: Sequence[float]) -> float:
    return sum(means) / len(means)
