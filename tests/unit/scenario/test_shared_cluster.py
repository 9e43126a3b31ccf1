"""A shared cluster as a scenario: what it becomes, and one clear message for each problem."""

import pytest

from simulator.engine.cluster_scenario import setup_of
from simulator.foundation.issues import ScenarioError
from simulator.scenario.api import load, scenario
from simulator.scenario.cluster_resolve import shared_of

MACHINES = """
[cluster]
accelerator = "a100-sxm-80gb"
accelerators = 64
accelerators_per_node = 8
"""
JOB = """
[[queue.jobs]]
name = "a"
accelerators = 8
run = "1 h"
"""


def resolved(tmp_path, text, *sets):
    path = tmp_path / "shared.toml"
    path.write_text(text)
    return shared_of(load(path, sets=sets))


def test_a_small_cluster_in_base_units(tmp_path):
    found = resolved(
        tmp_path,
        MACHINES
        + JOB.replace('name = "a"', 'name = "a"\ncount = 3\nevery = "10 min"\ndeadline = "2 h"')
        + """
[queue]
policy = ["easy", "tiers:preempt=0", "quota"]
grace = "1 min"
limit = "12 h"
rack_nodes = 4
[queue.teams.red]
quota = 32
tier = 2
most = 48
user_most = 16
priority = 3
[checkpoint]
interval = "30 min"
save_time = "20 s"
[recovery]
initialization = "2 min"
restore = "1 min"
""",
    )
    assert [(job.job_id, job.submit_s, job.size, job.deadline_s) for job in found.jobs] == [
        ("a-1", 0, 8, 7200), ("a-2", 600, 8, 7800), ("a-3", 1200, 8, 8400),
    ]  # fmt: skip
    assert found.policies == ["easy", "tiers:preempt=0,red=2,red.most=48,red.user=16", "quota:red=32"]
    assert found.labels == ["easy", "tiers:preempt=0", "quota"]
    assert (found.capacity, found.node_units, found.rack_nodes) == (64, [8] * 8, 4)
    assert (found.grace_s, found.limit_s, found.recovery_s) == (60, 43200, 180)
    assert (found.cycle.work_s, found.cycle.write_s) == (1800, 20)


def test_teams_give_priorities_and_services_become_jobs(tmp_path):
    found = resolved(
        tmp_path,
        MACHINES
        + """
[queue.teams.serving]
priority = 9
preemptible = false
[[queue.services]]
name = "chat"
team = "serving"
accelerators = 8
instances = 2
until = "3 h"
[queue.teams.launch]
[[queue.reservations]]
team = "launch"
at = "1 h"
duration = "1 h"
accelerators = 16
[[queue.calendar]]
kind = "maintenance"
nodes = "0-1, 4"
at = "2 h"
duration = "1 h"
drain = "30 min"
[[queue.calendar]]
kind = "spot"
nodes = "6-7"
times = ["1 h", "2 h"]
counts = [0, 2]
""",
    )
    assert [(job.job_id, job.until_s, job.priority, job.preemptible) for job in found.jobs] == [
        ("chat-1", 10800, 9, False), ("chat-2", 10800, 9, False),
    ]  # fmt: skip
    setup = setup_of(found)
    assert [(outage.start_s, outage.node) for outage in setup.calendar] == [
        (3600, 6), (3600, 7), (5400, 0), (5400, 1), (5400, 4), (7200, 0), (7200, 1), (7200, 4),
    ]  # fmt: skip
    assert setup.reservations[0].units == 16
    log = setup_of(found, explain=True).run(found.policies[0])
    assert [end.held_s for end in log.ends] == [10800, 10800]


def test_a_trace_and_a_workload_are_found_beside_the_scenario(tmp_path):
    (tmp_path / "log.swf").write_text("; MaxProcs: 10\n1 500 0 50 6 -1 -1 6 100 1 1 1 1 -1 1 1 -1 -1\n")
    found = resolved(
        tmp_path, MACHINES + JOB.replace('name = "a"', 'name = "a"\nat = "10 s"') + '[queue]\ntrace = "log.swf"\n'
    )
    assert [(job.job_id, job.submit_s) for job in found.jobs] == [(1, 500), ("a", 510)]  # in the log's own clock
    drawn = resolved(tmp_path, MACHINES + '[queue]\nworkload = "acme-seren"\ndraw = 30\n[queue.teams.red]\nshare = 1\n')
    assert len(drawn.jobs) == 30
    assert {job.queue for job in drawn.jobs} == {"red"}


@pytest.mark.parametrize(
    ("text", "path", "said"),
    [
        (MACHINES, "queue", "is missing"),
        (MACHINES + "[queue]\n", "queue", "has no jobs"),
        (MACHINES + JOB + "[model]\nsequence = 2048\n", "model", "belongs to one training run"),
        (MACHINES + JOB + '[queue]\npolicy = "eazy"\n', "queue.policy", "did you mean 'easy'"),
        (MACHINES + JOB + '[queue]\nplacement = "wide"\n', "queue.placement", "is not known"),
        (MACHINES + JOB + "[queue]\npolcy = 3\n", "queue.polcy", "did you mean 'policy'"),
        (MACHINES + JOB + "[queue.teams.red]\nquta = 3\n", "queue.teams.red.quta", "did you mean 'quota'"),
        (MACHINES + JOB + '[queue.teams."a b"]\nquota = 3\n', 'queue.teams."a b"', "names of teams"),
        (MACHINES + JOB + '[queue]\ntrace = "no.swf"\n', "queue.trace", "no.swf"),
        (MACHINES + JOB + "[queue]\ndraw = 5\n", "queue.draw", "name one"),
        (MACHINES + JOB + JOB, "queue.jobs", "there twice"),
        (MACHINES + JOB.replace('run = "1 h"', ""), "queue.jobs[0].run", "is missing"),
        (MACHINES + JOB.replace('run = "1 h"', 'run = "1 h"\ncount = 2'), "queue.jobs[0].every", "is missing"),
        (MACHINES + JOB.replace('run = "1 h"', 'run = "1 h"\nteam = "blu"') + "[queue.teams.blue]\n", "queue.teams",
         "did you mean 'blue'"),
        (MACHINES + JOB + '[[queue.services]]\nname = "s"\naccelerators = 1\nuntil = "1 h"\n',
         "queue.services[0].instances", "24 numbers"),
        (MACHINES + JOB + '[[queue.services]]\nname = "s"\naccelerators = 1\nuntil = "1 h"\nby_hour = [1]\n',
         "queue.services[0].by_hour", "found 1"),
        (MACHINES + JOB + '[[queue.reservations]]\nteam = "x"\n', "queue.reservations[0].at", "is missing"),
        (MACHINES + JOB + '[queue.teams.red]\n[[queue.reservations]]\nteam = "rad"\nat = "1 h"\nduration = "1 h"\n'
         'accelerators = 8\n', "queue.reservations[0].team", "did you mean 'red'"),
        (MACHINES + JOB + '[[queue.calendar]]\nkind = "sell"\nnodes = "8"\nat = "1 h"\n', "queue.calendar[0].nodes",
         "0 to 7"),
        (MACHINES + JOB + '[[queue.calendar]]\nkind = "maintenance"\nnodes = "7-5"\n', "queue.calendar[0].nodes",
         "backwards"),
        (MACHINES + JOB + '[[queue.calendar]]\nkind = "maintenance"\nnodes = "7"\nat = "1 h"\n',
         "queue.calendar[0].duration", "needs at and duration"),
        (MACHINES + JOB + '[[queue.calendar]]\nkind = "spot"\nnodes = "7"\ntimes = ["1 h"]\ncounts = [2]\n',
         "queue.calendar[0].counts", "only 1 spot"),
        (MACHINES.replace("= 64", "= 63") + JOB, "cluster.accelerators", "no whole number of nodes"),
        (MACHINES + "spares = 8\n" + JOB, "cluster.spares", "leave none"),
        (MACHINES + JOB + '[checkpoint]\ninterval = "1 h"\n', "checkpoint.save_time", "is missing"),
        (MACHINES + JOB + '[checkpoint]\npolicy = "young"\ninterval = "1 h"\nsave_time = "1 s"\n', "checkpoint.policy",
         "periodic or none"),
        (MACHINES + JOB + '[failures.causes.nic]\nlaw = "weibull"\nmean = "10 d"\nshape = 0.7\n',
         "failures.causes.nic.law", "not memoryless"),
    ],
)  # fmt: skip
def test_each_problem_has_one_clear_message_with_its_place(tmp_path, text, path, said):
    with pytest.raises(ScenarioError) as error:
        resolved(tmp_path, text)
    [issue] = [issue for issue in error.value.issues if issue.path == path]
    assert said in issue.message
    assert issue.file


def test_run_sends_a_shared_cluster_to_the_right_command():
    with pytest.raises(ScenarioError, match="flopcast cluster simulates it"):
        scenario("clusters/vela-busy-day")
