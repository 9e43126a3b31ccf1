"""Time of collectives by alpha and beta on the tier that they really cross."""

from typing import NamedTuple

import numpy as np

from simulator.workload.machine import Fabric
from simulator.workload.shape import Number
from simulator.workload.stack import Parameters, Traits


class Group(NamedTuple):
    """Ranks of one communicator as the fabric sees them."""

    ranks: Number
    local: Number  # ranks that share a scale-up domain
    link_bytes_per_s: Number
    network_bytes_per_s: Number  # of all ranks in one domain together
    latency_s: Number


def group(ranks: Number, stride: Number, fabric: Fabric, traits: Traits, parameters: Parameters) -> Group:
    """Place a communicator whose neighbours are `stride` accelerators apart.

    Examples
    --------
    >>> fabric = Fabric(scale_up_domain=8, scale_up_bytes_per_s=300e9, nic_bytes_per_s=25e9)
    >>> float(group(16, 4, fabric, Traits(), Parameters()).local)  # two ranks in each node of eight
    2.0
    """
    local = np.clip(np.floor(fabric.scale_up_domain / stride), 1.0, ranks)
    ports = np.where(np.asarray(traits.single_rail) > 0, 1.0, local)
    latency = np.where(ranks > local, fabric.network_latency_s, fabric.scale_up_latency_s)
    return Group(
        ranks,
        local,
        fabric.scale_up_bytes_per_s * parameters.link_efficiency,
        fabric.nic_bytes_per_s * parameters.network_efficiency * ports,
        latency * np.log2(np.maximum(ranks, 1.0)),
    )


def gather_s(size_bytes: Number, members: Group) -> Number:
    """Time of an all-gather or reduce-scatter whose full buffer has `size_bytes` [s].

    A ring delivers all but its own part over the link, and what other domains hold over the network; the two run
    together. Source: Thakur et al. 2005, Sec. 3, by tier.
    """
    within = size_bytes * (1 - 1 / members.ranks) / members.link_bytes_per_s
    between = size_bytes * (1 - members.local / members.ranks) / members.network_bytes_per_s
    return np.maximum(within, between) + members.latency_s


def reduce_s(size_bytes: Number, members: Group) -> Number:
    """Time of an all-reduce: reduce-scatter and all-gather [s]."""
    return 2 * gather_s(size_bytes, members)


def exchange_s(size_bytes: Number, members: Group) -> Number:
    """Time of an all-to-all in which each rank sends `size_bytes` in all [s].

    What stays in the domain goes over the link; the rest over the rank's own share of the network.
    """
    within = size_bytes * (members.local - 1) / members.ranks / members.link_bytes_per_s
    own = members.network_bytes_per_s / members.local
    between = size_bytes * (1 - members.local / members.ranks) / own
    return np.maximum(within, between) + members.latency_s


def dispatch_s(size_bytes: Number, copies: Number, members: Group) -> Number:
    """Time of an all-to-all of tokens, `size_bytes` of each rank, each to `copies` ranks; once to each domain [s].

    What is bound for several ranks of one domain crosses the network once and is copied on there (DeepEP, HybridEP).
    Of `d` domains a token with `k` copies reaches ``(d - 1) (1 - (1 - 1/d)^k)`` others on the mean.
    """
    domains = members.ranks / members.local
    reached = (domains - 1) * (1 - (1 - 1 / domains) ** copies)
    within = size_bytes * copies * (1 - 1 / members.local) / members.link_bytes_per_s
    between = size_bytes * reached / (members.network_bytes_per_s / members.local)
    return np.maximum(within, between) + members.latency_s


def exposed_s(communication_s: Number, window_s: Number, parameters: Parameters) -> Number:
    """Part of overlapped communication that lengthens the step [s].

    A constant share shows even under ample work (first and last layers, units taken from the products); of the rest,
    what exceeds the window.
    """
    share = parameters.exposed_share
    return share * communication_s + np.maximum((1 - share) * communication_s - window_s, 0.0)
