"""What stops a run and what brings it back: causes, spares, checkpoints, attempts."""
