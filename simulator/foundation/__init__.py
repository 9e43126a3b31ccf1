"""Ground floor: units, registries, random streams, problems with a path."""
