"""How an engine tells how far it is; who shows it is the caller's affair."""

from collections.abc import Callable
from typing import TypeAlias

Progress: TypeAlias = Callable[[int], None]  # is told how many replicas have been done since the last call


def silent(done: int) -> None:  # noqa: ARG001 - the signature is the contract
    """Show nothing."""
