"""``flopcast report``: one self-contained HTML file, or a PDF, that a decision can be signed on."""

import threading
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from analysis.cli.complete import scenarios
from analysis.cli.output import AsJson, Replicas, Seed, Sets, Workers

if TYPE_CHECKING:
    from analysis.report.findings import Findings
    from simulator.foundation.mapper import Mapper
    from simulator.scenario.values import Scenario

About = Annotated[
    str,
    typer.Argument(
        help="A shipped scenario, a file, or the folder that `flopcast run --out` wrote, which is run again.",
        show_default=False,
        autocompletion=scenarios,
    ),
]


def report(
    scenario: About,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="The file to write: HTML, or PDF if it ends in .pdf.")
    ] = Path("report.html"),
    sets: Sets = None,
    replicas: Replicas = None,
    seed: Seed = None,
    workers: Workers = None,
    pictures: Annotated[
        Path | None, typer.Option("--pictures", help="Folder for the pictures as .svg and .png files, too.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write a report: the answer with its interval, where time and money go, and every assumption with its source."""
    from time import perf_counter

    from analysis.cli.output import all_sets, check_file, to_json, write_text, write_whole
    from analysis.cli.workers import mapping
    from analysis.report.source import differences, read
    from simulator.foundation.forks import ahead, at_most

    check_file(out, ".html", ".htm", ".pdf", "")
    if out.suffix.lower() == ".pdf":
        pdf("")  # what is missing is said before any work is done
    begun_s = perf_counter()
    source = read(scenario, all_sets(sets, seed, replicas))
    with at_most(workers), ahead() as begin:
        with mapping(workers, source.scenario) as mapper:
            found = _gathered(source.scenario, mapper, begin)  # the workers end here: nothing forks beside them
        lived_s = perf_counter()
        from analysis.metrics.facts import forecast_facts
        from analysis.report.page import page

        facts = forecast_facts(found.forecast)
        changed = bool(sets) or seed is not None or replicas is not None
        notes = [] if source.earlier is None or changed else differences(source.earlier, facts)
        notes = [f"The run in this folder had another result: {note}." for note in notes]
        text = page(found, facts, notes=notes)
    if out.suffix.lower() == ".pdf":
        write_whole(out, pdf(text))
    else:
        write_text(out, text)
    if pictures is not None:
        _write_pictures(pictures, found)
    if as_json:
        typer.echo(to_json({"report": str(out), **facts}))
    else:
        times = f"simulated in {lived_s - begun_s:.1f} s, drawn and written in {perf_counter() - lived_s:.1f} s"
        typer.echo(f"{out}: {out.stat().st_size / 1e6:.2f} MB; {times}")


def _gathered(scenario: "Scenario", mapper: "Mapper", begin: "Mapper") -> "Findings":
    """Run a scenario with progress on stderr; while others work, this process loads what draws."""
    from analysis.cli.output import progress
    from analysis.report.findings import gather
    from simulator.engine.run import why_slow

    if mapper is not map:
        threading.Thread(target=import_module, args=("analysis.report.page",), name="loader").start()
    with progress(scenario.replicas, "replicas", ticks=why_slow(scenario) is not None) as show:
        return gather(scenario, show, mapper, begin)


class NoPdfError(OSError):
    """PDF cannot be written here."""


def pdf(text: str) -> bytes:
    """Print a page of HTML as PDF; nothing is fetched.

    Raises
    ------
    NoPdfError
        Without the extra, or without the libraries that it draws with.
    """
    try:
        from weasyprint import HTML
    except ImportError:
        raise NoPdfError("a PDF needs WeasyPrint: pip install 'flopcast[pdf]'; or write .html and print that") from None
    except OSError as error:
        raise NoPdfError(f"a PDF needs Pango (Debian: libpango-1.0-0 libpangoft2-1.0-0): {error}") from None
    breaks = text.replace("<wbr>", "&#8203;")  # WeasyPrint passes over the element, and breaks in the midst of words
    content: bytes = HTML(string=breaks).write_pdf()
    return content


def _write_pictures(folder: Path, found: "Findings") -> None:
    from analysis.cli.output import write_text
    from analysis.report.exhibits import doubtful, exhibits

    for exhibit in (*exhibits(found), *doubtful(found)):
        write_text(folder / f"{exhibit.picture.name}.svg", exhibit.picture.svg())
        (folder / f"{exhibit.picture.name}.png").write_bytes(exhibit.picture.png())
