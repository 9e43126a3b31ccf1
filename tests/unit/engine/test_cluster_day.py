"""A day of 2,000 jobs on 360 nodes of 8 accelerators, with failures, preemption or quotas, and saves.

The size of the cluster is that of Vela (Gershon et al., 2024, 360 nodes of 8 A100); the failure rate is that of the
Llama 3 table over 2,048 nodes (3.79 stops per 1000 node-days), ten times over, so that a day sees about fourteen.
"""

import pytest

from analysis.metrics.queueing import summarise
from analysis.metrics.showback import showback
from simulator.engine.cluster_faults import node_failures
from simulator.engine.cluster_rules import Rules
from simulator.engine.cluster_setup import ClusterSetup
from simulator.foundation.streams import generator
from simulator.reliability.attempt import Cycle
from simulator.scheduling.job import Job

DAY_S = 86400.0


def jobs():
    rng = generator(11, "day")
    submits_s = sorted(rng.uniform(0, DAY_S, 2000).tolist())
    sizes = rng.choice([1, 2, 4, 8, 16, 32, 64, 128, 512], 2000, p=[0.3, 0.1, 0.1, 0.25, 0.1, 0.07, 0.04, 0.03, 0.01])
    runs_s = rng.lognormal(8.6, 1.3, 2000).clip(60, 2 * DAY_S).tolist()
    return [
        Job(at, submit_s, size, run_s, 2 * run_s, queue="red" if at % 3 else "blue", priority=at % 4)
        for at, (submit_s, size, run_s) in enumerate(zip(submits_s, sizes.tolist(), runs_s, strict=True))
    ]


@pytest.mark.no_cover
@pytest.mark.parametrize("policy", ["priority-preempt", "quota:red=1440,blue=1440", "easy"])
def test_a_busy_day_accounts_for_everything(policy):
    setup = ClusterSetup(
        jobs=jobs(),
        capacity=2880,
        node_units=[8] * 360,
        rack_nodes=18,
        rules=Rules(grace_s=120, cycle=Cycle(work_s=1800, write_s=20), recovery_s=300),
        causes=node_failures(DAY_S * 1000 / 37.9, DAY_S),
        seed=3,
        explain=True,
    )
    log = setup.run(policy)
    assert len(log.ends) == 2000
    assert summarise(log).stops > 0
    for end in log.ends:
        assert end.held_s - end.lost_s == pytest.approx(end.job.run_s, rel=1e-9)
        explained_s = sum(log.waits_s.get(end.job.job_id, {}).values())
        assert explained_s == pytest.approx(end.end_s - end.job.submit_s - end.held_s, abs=1e-6)
    lines = showback(log, 2.0, lambda end: end.job.queue).values()
    bill_usd = sum(line.useful_usd + line.lost_usd for line in lines)
    assert bill_usd == pytest.approx(2880 * summarise(log).makespan_s / 3600 * 2.0, rel=1e-9)
