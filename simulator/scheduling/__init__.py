"""Who starts when and where: queue policies, backfill, placement, quotas."""
