"""Finds the workers of a command in /proc: forks of a server that the command started (Linux)."""

from pathlib import Path

has_proc = Path("/proc/self/task").exists()


def servers(pid: int) -> list[int]:
    """Return the servers that a process has started to fork workers from, one at most."""
    return [child for child in _children(pid) if "forkserver" in _command(child)]


def forks(pid: int) -> list[int]:
    """Return the workers that a process has now."""
    return [worker for server in servers(pid) for worker in _children(server)]


def is_running(pid: int) -> bool:
    """Tell whether a process is there, and no zombie."""
    return bool(_command(pid))


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
