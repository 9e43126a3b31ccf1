"""Random life cycles for tests: graphs, teams and durations that a plan is made of."""

from random import Random

from hypothesis import strategies as st

from simulator.workload.stages import Estimate, Lasting, LifeStage, Plan, Pool, Team, plan

ONE = Estimate(1.0, 1.0, 1.0)


def plans(*, limited: bool = True) -> st.SearchStrategy[tuple[Plan, list[float]]]:
    """Draw a plan of 1 to 12 stages with the length of each, in booking order [s]."""
    return st.randoms(use_true_random=True).map(lambda rng: _plan(rng, limited=limited))


def _plan(rng: Random, *, limited: bool) -> tuple[Plan, list[float]]:
    stages, teams, pools = life(rng, limited=limited)
    usual = {stage.name: rng.uniform(0.0, 10.0) for stage in stages}
    made = plan(stages, teams, pools, usual)
    return made, [rng.choice([0.0, 1.0, 2.0, rng.uniform(0.0, 10.0)]) for _ in made.names]


def life(rng: Random, *, limited: bool = True) -> tuple[list[LifeStage], list[Team], list[Pool]]:
    """Return stages, teams and pools; unlimited ones have room for everything at once."""
    names = [f"s{number}" for number in range(rng.randint(1, 12))]
    teams = [Team(name=f"t{n}", people=rng.randint(1, 5) if limited else 99, usd_per_person_s=ONE) for n in range(2)]
    pools = [Pool(name="cores", count=rng.randint(100, 3000) if limited else None, usd_per_machine_s=ONE)]
    stages = [
        LifeStage(
            name=name,
            kind="other",
            work=Lasting(duration=Estimate(1.0, 1.0, 1.0)),
            after=tuple(sorted(rng.sample(names[:number], rng.randint(0, min(number, 3))))),
            people={team.name: rng.randint(1, min(team.people, 5)) for team in teams if rng.random() < 0.6},
            machines="cores" if rng.random() < 0.4 else None,
            count=rng.randint(1, pools[0].count or 3000),
        )
        for number, name in enumerate(names)
    ]
    rng.shuffle(stages)
    return stages, teams, pools
