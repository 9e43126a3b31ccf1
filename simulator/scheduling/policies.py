"""All policies that come with flopcast, registered by importing this module."""

from simulator.scheduling import backfill, conservative, hierarchy, orders, priority, sharing, tiers, timesharing
from simulator.scheduling.policy import QUEUE_POLICIES, QueuePolicy, make_policy

OURS = (backfill, conservative, hierarchy, orders, priority, sharing, tiers, timesharing)

__all__ = ["OURS", "QUEUE_POLICIES", "QueuePolicy", "make_policy"]
