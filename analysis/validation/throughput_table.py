"""The scoreboard of step time as Markdown, as it is stored in ``docs/explanation/throughput.md``."""

from collections.abc import Iterator, Sequence

from analysis.validation.throughput import FAMOUS, Score, errors_of, memory_errors, summarise
from analysis.validation.throughput_runs import Run
from simulator.foundation.units import percent


def markdown(scores: Sequence[Score], runs: Sequence[Run]) -> str:
    """Write errors by family, memory, famous tables and whole runs."""
    blocks = [_errors(scores), _sentences(scores), _runs(runs)]
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def _errors(scores: Sequence[Score]) -> Iterator[str]:
    yield (
        "| family | rows | model | p90 | source left out | stack left out | constant MFU | in p10-p90 | "
        "same, source left out |"
    )
    yield "|---|--:|--:|--:|--:|--:|--:|--:|--:|"
    for line in summarise(scores):
        yield f"| {line.name} | {line.rows} | {' | '.join(percent(value) for value in line[2:])} |"


def _sentences(scores: Sequence[Score]) -> Iterator[str]:
    measured = memory_errors(scores)
    fits = sum(one.fits for one in scores) / len(scores)
    if measured:
        yield f"Peak memory: {percent(sum(measured) / len(measured))} on {len(measured)} rows that state it."
    yield f"{percent(fits)} of the rows, all of which ran, are said to fit."
    for name, word, calculon in FAMOUS:
        errors = errors_of(scores, word)
        if errors:
            yield f"{name}: {percent(sum(errors) / len(errors))} on {len(errors)} rows (Calculon {percent(calculon)})."


def _runs(runs: Sequence[Run]) -> Iterator[str]:
    yield "| run | plan | p10 | p50 | p90 | published | kind | p50 / published |"
    yield "|---|---|--:|--:|--:|--:|---|--:|"
    for run in runs:
        hours = " | ".join(f"{value:,.0f}" for value in (run.p10_h, run.p50_h, run.p90_h, run.published_h))
        yield f"| {run.key} | {run.plan} | {hours} | {run.kind} | {run.ratio:.2f} |"
