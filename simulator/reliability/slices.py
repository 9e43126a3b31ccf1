"""How much of a pod works when hosts fail: TPU cubes behind optical switches, or wired once and for all.

TPU v4: a cube is 4 x 4 x 4 = 64 chips on 16 hosts, a pod holds 64 cubes (arXiv 2304.01433). A cube works while all of
its hosts do. Behind optical switches any k healthy cubes form a slice of k; wired, a slice is k given neighbours.
"""

import math

HOSTS_OF_CUBE, CUBES_OF_POD, CHIPS_OF_CUBE = 16, 64, 64


def switched_goodput(cubes: int, availability: float, *, hosts: int = HOSTS_OF_CUBE, pod: int = CUBES_OF_POD) -> float:
    """Return the share of a pod that works in slices of `cubes` behind switches: E[floor(Bin(64, a^16)/k)] k/64.

    Parameters
    ----------
    cubes : int
        Cubes of a slice.
    availability : float
        Share of the time that one host works.
    hosts, pod : int
        Hosts of a cube, cubes of a pod.

    Examples
    --------
    >>> round(switched_goodput(16, 0.999), 3), round(switched_goodput(64, 0.999), 3)
    (0.84, 0.359)
    """
    healthy = availability**hosts
    slices = math.fsum(
        math.comb(pod, up) * healthy**up * (1.0 - healthy) ** (pod - up) * (up // cubes) for up in range(pod + 1)
    )
    return slices * cubes / pod


def fixed_goodput(cubes: int, availability: float, *, hosts: int = HOSTS_OF_CUBE) -> float:
    """Return the share of the time that a given slice of `cubes` works: a^(16 k).

    Examples
    --------
    >>> round(fixed_goodput(16, 0.999), 3)
    0.774
    """
    return availability ** (hosts * cubes)
