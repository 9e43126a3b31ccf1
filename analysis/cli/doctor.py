"""``flopcast doctor``: what is installed, what is missing and how to get it, and where the data is read."""

import shutil
from collections.abc import Mapping, Sequence
from ctypes.util import find_library
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import typer

from analysis.cli.output import AsJson

if TYPE_CHECKING:
    from rich.table import Table

CORE: Final = (
    "jinja2", "markupsafe", "matplotlib", "networkx", "numpy", "pandas", "pint", "pydantic", "rich", "scipy", "simpy",
    "typer",
)  # fmt: skip


class Extra(NamedTuple):
    """An extra of pip: its distributions, and what it is for."""

    packages: Sequence[str]
    purpose: str


class Program(NamedTuple):
    """A program or library of the system: what is looked for, which Debian package has it, and what it is for."""

    found_as: str
    debian: str
    purpose: str


EXTRAS: Final[Mapping[str, Extra]] = {
    "web": Extra(("streamlit",), "the what-if page, flopcast web"),
    "pdf": Extra(("weasyprint",), "reports as PDF, flopcast report -o report.pdf"),
    "data": Extra(("pyarrow",), "sweeps as Parquet"),
    "stats": Extra(("optuna", "SALib"), "Morris screening, and search over more plans than can be tried one by one"),
    "cluster": Extra(("dask", "distributed", "dask-jobqueue"), "sweeps on dask and Slurm"),
}
PROGRAMS: Final = (
    Program("pango-1.0", "libpango-1.0-0 libpangoft2-1.0-0", "reports as PDF"),
    Program("chromium", "chromium", "the browser test of the page"),
    Program("chromedriver", "chromium-driver", "the browser test of the page"),
    Program("sbatch", "slurm-client", "sweeps on Slurm"),
)


def doctor(as_json: AsJson = False) -> None:
    """Say which versions are installed, what is missing and how to get it, and where the data is read."""
    from analysis.cli.output import console, to_json

    found = diagnosis()
    if as_json:
        typer.echo(to_json(found))
        return
    screen = console()
    screen.print(f"flopcast {found['flopcast']}, Python {found['python']} ({found['platform']})")
    screen.print(f"scenarios: {found['scenarios']['count']} in {found['scenarios']['folder']}", soft_wrap=True)
    screen.print(f"catalogue: {found['catalogue']['count']} kinds in {found['catalogue']['folder']}", soft_wrap=True)
    for block in _tables(found):
        screen.print()
        screen.print(block)
    missing = [each["name"] for each in (*found["extras"], *found["programs"]) if not each["there"]]
    lacking = [name for name, version in found["packages"].items() if version is None]
    screen.print()
    if lacking:
        screen.print(f"Missing and needed: {', '.join(lacking)}; pip install --force-reinstall flopcast")
    else:
        screen.print(f"All that flopcast needs is there; optional and missing: {', '.join(missing) or 'nothing'}.")


def diagnosis() -> dict[str, Any]:
    """Return what is there and what is not, as plain data; nothing is imported to find out."""
    import platform
    from pathlib import Path

    from simulator import __version__
    from simulator.catalogue import reader
    from simulator.scenario.load import SHIPPED, shipped, shipped_lives

    return {
        "flopcast": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(terse=True),
        "packages": {name: _version(name) for name in CORE},
        "extras": [_extra(name, extra) for name, extra in EXTRAS.items()],
        "programs": [_program(program) for program in PROGRAMS],
        "scenarios": {"folder": str(SHIPPED), "count": len(shipped()) + len(shipped_lives())},
        "catalogue": {"folder": str(Path(reader.__file__).parent), "count": len(reader.kinds())},
    }


def _version(distribution: str) -> str | None:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def _extra(name: str, extra: Extra) -> dict[str, Any]:
    versions = {package: _version(package) for package in extra.packages}
    return {
        "name": name,
        "there": all(versions.values()),
        "purpose": extra.purpose,
        "versions": versions,
        "get": f"pip install 'flopcast[{name}]'",
    }


def _program(program: Program) -> dict[str, Any]:
    where = shutil.which(program.found_as) or find_library(program.found_as)
    return {
        "name": program.found_as,
        "there": where is not None,
        "purpose": program.purpose,
        "found": where,
        "get": f"apt-get install {program.debian}",
    }


def _tables(found: Mapping[str, Any]) -> "Sequence[Table]":
    from rich.table import Table

    packages = Table("package", "version", box=None, pad_edge=False)
    for name, version in found["packages"].items():
        packages.add_row(name, version or "missing")
    extras = Table("optional", "state", "for", box=None, pad_edge=False)
    for extra in found["extras"]:
        versions = ", ".join(f"{name} {version}" for name, version in extra["versions"].items() if version)
        extras.add_row(f"[{extra['name']}]", versions if extra["there"] else extra["get"],
                       extra["purpose"])  # fmt: skip
    for program in found["programs"]:
        extras.add_row(program["name"], program["found"] or program["get"], program["purpose"])
    return packages, extras
