"""All policies that come with flopcast, registered by importing this module."""

from simulator.scheduling import backfill, conservative, orders, priority, sharing, timesharing
from simulator.scheduling.policy import QUEUE_POLICIES, QueuePolicy, make_policy

OURS = (backfill, conservative, orders, priority, sharing, timesharing)

__all__ = ["OURS", "QUEUE_POLICIES", "QueuePolicy", "make_policy"]
