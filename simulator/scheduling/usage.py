"""Who used how much: unit-seconds by user, with decay or without."""

from collections.abc import Callable, Iterable
from math import exp2, inf, log

from simulator.scheduling.state import ClusterView, Stay


class DecayedUsage:
    """Unit-seconds by account, of which half is forgotten after each half-life.

    Constant use of ``u`` units from ``a`` to ``b`` weighs ``u (2^-((t-b)/h) - 2^-((t-a)/h)) h / ln 2`` at a later time
    ``t``; nothing is sampled.

    Parameters
    ----------
    account : callable
        Names the account of a stay.
    half_life_s : float
        Infinity forgets nothing [s].

    Examples
    --------
    >>> from simulator.scheduling.job import Job
    >>> usage = DecayedUsage(lambda stay: stay.job.user or "")
    >>> usage.add([Stay(5, 1, 2, 0, Job(1, 0, 2, 5, 5, user="ann"), None)], now_s=10)
    >>> usage.at("ann", 99)
    20.0
    """

    def __init__(self, account: Callable[[Stay], str], half_life_s: float = inf) -> None:
        self._account = account
        self._half_life_s = half_life_s
        self._past: dict[str, tuple[float, float]] = {}

    def add(self, stays: Iterable[Stay], now_s: float) -> None:
        """Charge stays that end now."""
        for stay in stays:
            name = self._account(stay)
            self._past[name] = (self.at(name, now_s) + self.weight(stay, now_s), now_s)

    def at(self, name: str, now_s: float) -> float:
        """Return what the ended stays of an account weigh now [unit-s]."""
        charge, when_s = self._past.get(name, (0.0, now_s))
        return charge * exp2((when_s - now_s) / self._half_life_s)

    def weight(self, stay: Stay, now_s: float) -> float:
        """Return what a stay that began at its start and lasts until now weighs now [unit-s]."""
        span_s = now_s - stay.start_s
        if self._half_life_s == inf:
            return float(stay.size * span_s)
        return stay.size * (1 - exp2(-span_s / self._half_life_s)) * self._half_life_s / log(2)

    def all_at(self, cluster: ClusterView, now_s: float) -> dict[str, float]:
        """Return the weight of every account, with that of its running stays [unit-s]."""
        total = {name: self.at(name, now_s) for name in self._past}
        for stay in cluster.ends:
            name = self._account(stay)
            total[name] = total.get(name, 0.0) + self.weight(stay, now_s)
        return total
