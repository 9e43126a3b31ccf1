"""What a run has to compute: architecture, parallelism, memory, throughput."""
