"""What a shell offers after Tab for a name; where nothing fits, it offers files.

`flopcast --install-completion` teaches a shell to ask. Libraries are loaded only then.
"""

from collections.abc import Iterable


def runs(incomplete: str) -> list[str]:
    """Return the shipped runs whose names begin so."""
    from simulator.scenario.load import shipped

    return beginning(incomplete, shipped())


def clusters(incomplete: str) -> list[str]:
    """Return the shipped clusters with many jobs whose names begin so."""
    from simulator.scenario.load import shipped_clusters

    return beginning(incomplete, shipped_clusters())


def scenarios(incomplete: str) -> list[str]:
    """Return the shipped scenarios of every kind whose names begin so."""
    from simulator.scenario.load import shipped_lives

    return [*runs(incomplete), *beginning(incomplete, shipped_lives()), *clusters(incomplete)]


def entries(kind: str, incomplete: str) -> list[str]:
    """Return the entries of the catalogue of a kind whose names begin so."""
    from simulator.catalogue.reader import read

    return beginning(incomplete, read(kind))


def beginning(incomplete: str, words: Iterable[str]) -> list[str]:
    """Return the words that begin so."""
    return [word for word in words if word.startswith(incomplete)]
