"""The clock: simulate event by event, or estimate all replicas at once."""
