"""Quick ways through a queue, against the slow ones that they stand for."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from simulator.scheduling.hierarchy import _leaf, _Running
from simulator.scheduling.job import Job
from simulator.scheduling.nodes import NodePool
from simulator.scheduling.placement import make_placement
from simulator.scheduling.pool import Place
from simulator.scheduling.promise import PlacedPromise
from simulator.scheduling.reservations import Gate, Reservation
from simulator.scheduling.state import PlacedState, Stay

NODES, UNITS = 12, 4
seeds = st.integers(0, 10**6)


def some_job(number: int, luck: Random, most: int = 3 * UNITS, *, whole: bool = False) -> Job:
    run_s = luck.choice((5, 20, 50))
    size = UNITS * luck.randint(1, most // UNITS) if whole else luck.randint(1, most)
    return Job(number, 0, size, run_s, run_s, queue=luck.choice((None, "red", "blue/sky")),
               preemptible=luck.random() < 0.7)  # fmt: skip


def busy(luck: Random, *, whole: bool = False) -> PlacedState:
    """Return a cluster after some starts, ends and failures, and notices to some of its jobs."""
    state = PlacedState(NodePool([UNITS] * NODES, make_placement("compact"), [node // 4 for node in range(NODES)]))
    for number in range(40):
        change = luck.random()
        job = some_job(number, luck, whole=whole)
        if change < 0.6 and state.fits(job):
            state.begin(job, number)
        elif change < 0.8 and state.ends:
            state.finish(luck.choice(state.ends))
        elif change < 0.9:
            state.lose(luck.randrange(NODES), f"cause {number}")
        else:
            node = luck.randrange(NODES)
            for cause in state.reasons(node)[:1]:
                state.restore(node, cause)
    state.leaving = {stay.rank: stay for stay in state.ends if luck.random() < 0.3}
    return state


def contents(pool: NodePool) -> tuple[list[int], list[list[int]], int]:
    return pool.free_on, pool.by_free, pool.free


@given(seeds)
def test_places_given_back_at_once_are_those_given_back_one_by_one(seed: int) -> None:
    state = busy(Random(seed))
    places = [stay.place for stay in state.ends if stay.place]
    assert isinstance(state.pool, NodePool)
    one_by_one, at_once = state.pool.copy(), state.pool.copy()
    for place in places:
        one_by_one.give(place)
    at_once.give_all(places)
    assert contents(at_once) == contents(one_by_one)


def walked(state: PlacedState, job: Job, now_s: float) -> tuple[float, NodePool]:
    """Return the promised time and the nodes then by giving back one place after the other, and looking after each."""
    assert isinstance(state.pool, NodePool)
    future, time_s = state.pool.copy(), float("inf")
    for stay in state.ends:
        if stay.due_s > time_s:
            break
        assert stay.place is not None
        future.give(stay.place)
        if time_s == float("inf") and future.fits(job):
            time_s = max(stay.due_s, now_s)
    return time_s, future


@given(seeds, st.integers(1, NODES * UNITS), st.booleans(), st.booleans())
def test_a_promise_is_the_first_time_at_which_there_is_a_place(
    seed: int, size: int, whole: bool, whole_head: bool
) -> None:
    state = busy(Random(seed), whole=whole)
    job = Job("head", 0, -(-size // UNITS) * UNITS if whole_head else size, 10, 10)
    if not state.fits(job):
        promise, (time_s, future) = state.promise(job, 40), walked(state, job, 40)
        assert (promise.time_s, promise.extra) == (time_s, future.free - job.size)
        assert contents(promise._then()) == contents(future)  # type: ignore[arg-type]


@given(seeds, st.booleans())
def test_nodes_are_counted_as_they_are_found(seed: int, whole: bool) -> None:
    """The pool tells by counting what walking finds, in whatever order places are given back, also if never."""
    luck = Random(seed)
    state = busy(luck, whole=whole)
    job = some_job(100, luck, most=NODES * UNITS + UNITS, whole=whole)
    places = [stay.place for stay in state.ends if stay.place]
    luck.shuffle(places)
    if not state.fits(job):
        assert state.pool.first_room(job, places) == state._walked(job, places)
        found = state.pool.copy()
        found.give_all(places)
        assert state.fits_without(job, state.ends) == (found.find(job) is not None)


@given(seeds)
def test_who_is_refused_before_a_place_is_looked_for_is_never_admitted(seed: int) -> None:
    luck = Random(seed)
    state = busy(luck)
    promise = state.promise(Job("head", 0, NODES * UNITS, 10, 10), 40)
    assert isinstance(promise, PlacedPromise)
    for number in range(20):
        job = some_job(100 + number, luck)
        refused = not promise.open_to([job], NODES * UNITS, 40)
        assert not (promise.admits(job, 40) and refused)


@given(seeds)
def test_who_lost_a_node_is_counted_out_until_he_leaves_it(seed: int) -> None:
    state = busy(Random(seed))
    slowly: dict[str, int] = {}
    for node in range(NODES):
        if reasons := state.reasons(node):
            places = [stay.place for stay in state.on(node)]
            held = sum(place.units[place.nodes.index(node)] for place in places if place)
            slowly[reasons[0]] = slowly.get(reasons[0], 0) + UNITS - held
    assert state.unheld_out() == slowly


@given(seeds)
def test_queues_are_counted_on_as_they_would_be_counted_anew(seed: int) -> None:
    luck = Random(seed)
    state, followed = busy(luck), _Running()
    for number in range(10):
        followed.follow(state)
        anew = _Running()
        anew.follow(state)
        assert (followed.units, followed.firm) == (anew.units, anew.firm)
        assert {name: stays for name, stays in followed.evictable.items() if stays} == anew.evictable
        running = [stay for stay in state.ends if stay.rank not in state.leaving]
        assert sum(followed.units.values()) == sum(stay.size for stay in running)
        assert set(followed.units) == {_leaf(stay.job) for stay in running}
        for stay in [stay for stay in state.ends if luck.random() < 0.3]:
            state.finish(stay)
        job = some_job(200 + number, luck)
        if state.fits(job):
            state.begin(job, 50 + number)


def some_gate(luck: Random) -> tuple[Gate, list[Stay]]:
    """Return a gate at some instant, and who runs then, by believed end."""
    begins = [luck.randint(0, 30) for _ in range(3)]
    gate = Gate([Reservation(queue=luck.choice(("red", "launch")), start_s=at, end_s=at + luck.randint(1, 30),
                             units=luck.randint(1, 20)) for at in begins])  # fmt: skip
    gate.now_s = luck.randint(0, 40)
    stays = [Stay(luck.randint(0, 60), rank, 4, 0, some_job(rank, luck), Place((rank,), (4,))) for rank in range(8)]
    return gate, sorted(stays)


@given(seeds)
def test_a_gate_treats_jobs_alike_to_whom_reservations_are_the_same(seed: int) -> None:
    luck = Random(seed)
    gate, stays = some_gate(luck)
    found: dict[tuple[int, ...], int] = {}
    for number in range(30):
        job = some_job(number, luck)
        room = gate.room(job, 10, stays)
        assert found.setdefault(gate.view(job), room) == room
        assert gate.admits(job, 10, stays) == (job.size <= room)


@given(seeds)
def test_a_gate_leaves_what_a_count_of_every_instant_leaves(seed: int) -> None:
    luck = Random(seed)
    gate, stays = some_gate(luck)
    gone = {stay.rank for stay in stays if luck.random() < 0.3}
    job = some_job(100, luck)
    room = 10
    for time_s in range(int(gate.now_s), int(gate.now_s + job.estimate_s)):  # all turn at whole seconds
        there = [stay for stay in stays if stay.rank not in gone and (stay.due_s > time_s or time_s == gate.now_s)]
        left = 10 + sum(stay.size for stay in stays if stay.rank not in gone and stay not in there)
        for queue in {"red", "launch"} - {job.queue}:
            begun = [each for each in gate.reservations if each.queue == queue and each.start_s <= time_s < each.end_s]
            used = sum(stay.size for stay in there if stay.job.queue == queue)
            left -= max(sum(each.units for each in begun) - used, 0)
        room = min(room, left)
    assert gate.room(job, 10, stays, gone) == room
