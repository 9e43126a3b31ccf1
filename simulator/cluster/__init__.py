"""What a cluster is made of: hardware, topology, nodes."""
