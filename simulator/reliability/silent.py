"""Corruption that nobody sees at once: expected times with verification, and the interval that costs least.

Symbols of the theory (section 2): useful work W, verification V at its end, then a save C; silent errors strike the
work at rate ls and are found by V; R reads the last save.
"""

import math


def verified_segment_s(work_s: float, check_s: float, save_s: float, *, rate_per_s: float, recovery_s: float) -> float:
    """Return the expected time of one segment whose end is verified before it is saved [s].

    E = (W + V)/p + R (1/p - 1) + C with p = exp(-ls W): repeated until a try is clean.

    Examples
    --------
    >>> round(verified_segment_s(3600.0, 60.0, 30.0, rate_per_s=0.0, recovery_s=600.0))
    3690
    >>> round(verified_segment_s(3600.0, 60.0, 30.0, rate_per_s=math.log(2) / 3600, recovery_s=600.0))  # every other
    7950
    """
    clean = math.exp(-rate_per_s * work_s)
    return (work_s + check_s) / clean + recovery_s * (1.0 / clean - 1.0) + save_s


def best_interval_s(check_s: float, save_s: float, *, silent_per_s: float, stops_per_s: float = 0.0) -> float:
    """Return the useful time between verified saves that costs least, to first order [s].

    sqrt((V + C) / (ls + lf/2)): a silent error costs the whole segment, a stop half of it.

    Examples
    --------
    >>> best_interval_s(60.0, 40.0, silent_per_s=1e-6), best_interval_s(60.0, 40.0, silent_per_s=0.0, stops_per_s=2e-6)
    (10000.0, 10000.0)
    """
    rate = silent_per_s + stops_per_s / 2.0
    return math.sqrt((check_s + save_s) / rate) if rate else math.inf


def drifting_s(work_s: float, reach_s: float, *, rate_per_s: float) -> float:
    """Return about how long a run takes whose stops each void the last `reach_s` of it [s].

    Below one reach between two stops it comes forward, at 1 - x times the pace for x = rate x reach. Above it drifts
    back to its beginning, and ends once luck carries it all the way: after some exp(u W / reach) reaches, where
    x (1 - exp(-u)) = u (the root of Cramer and Lundberg).

    Examples
    --------
    >>> drifting_s(1000.0, 10.0, rate_per_s=0.05), drifting_s(1000.0, 10.0, rate_per_s=0.2) > 1e60
    (2000.0, True)
    """
    x = rate_per_s * reach_s
    if x < 1.0:
        return work_s / (1.0 - x)
    u = x
    for _ in range(200):
        u = x * -math.expm1(-u)
    return work_s + reach_s * math.exp(min(u * work_s / reach_s, 600.0))
