"""``flopcast budget '$5M'``: which model and how many tokens a budget buys, and what a loss costs."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from analysis.cli.output import AsJson, led

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table
    from rich.text import Text

    from analysis.study.budget import Answer, Bought, Interval, Question
    from analysis.study.offers import Wish

_SHOWN: Final = 12  # rows on the screen; --json has all
_SPOT: Final = 3  # of the spot offers below them


def budget(
    amount: Annotated[
        str | None, typer.Argument(help="What may be spent, such as '$5M'; leave it out to ask what --loss costs.")
    ] = None,
    loss: Annotated[float | None, typer.Option("--loss", help="Loss to reach, nat per token.")] = None,
    served: Annotated[
        str | None, typer.Option("--served", help='Tokens to be served over the life, such as "2T tokens".')
    ] = None,
    accelerator: Annotated[str | None, typer.Option("--accelerator", help="Only this one, such as h100-sxm.")] = None,
    provider: Annotated[str | None, typer.Option("--provider", help="Only this provider, such as gcp.")] = None,
    region: Annotated[str | None, typer.Option("--region", help="Only this region.")] = None,
    term: Annotated[str | None, typer.Option("--term", help="on_demand, spot, commit_1y or commit_3y.")] = None,
    date: Annotated[str | None, typer.Option("--date", help="Day of the prices; the book's last without it.")] = None,
    book: Annotated[Path | None, typer.Option("--book", help="Your own prices as CSV; they win.")] = None,
    mfu: Annotated[str | None, typer.Option("--mfu", help="Efficiency of the run, instead of published runs'.")] = None,
    serving_mfu: Annotated[
        str | None, typer.Option("--serving-mfu", help="Of serving; as in training if none.")
    ] = None,
    final_run: Annotated[
        str, typer.Option("--final-run", help="Share of the budget for the final run and its serving.")
    ] = "100 %",
    days: Annotated[float, typer.Option("--days", min=1, max=3650, help="Length of the run, to count machines.")] = 90,
    law: Annotated[str, typer.Option("--law", help="Scaling law: flopcast show scaling.")] = "besiroglu-2024",
    replicas: Annotated[int, typer.Option("--replicas", min=10, max=1_000_000, help="Draws.")] = 2000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of all random draws.")] = 1,
    plot: Annotated[Path | None, typer.Option("--plot", help="Write a picture: .svg or .png.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say which model and token count a budget buys, on which machines and term; or what a loss costs."""
    from analysis.cli.output import PICTURES, check_file, console, to_json
    from analysis.study.budget import Question, answers, drivers
    from analysis.study.offers import offers
    from simulator.foundation.units import UnitError, parse
    from simulator.pricing.book import price_book
    from simulator.workload.scaling import law as law_of

    check_file(plot, *PICTURES, option="--plot")
    if amount is None and loss is None:
        raise typer.BadParameter("name a budget such as '$5M', or --loss to ask what a loss costs")
    question = Question(
        usd=None if amount is None else _positive(amount, "usd"),
        loss=loss,
        law=law_of(law),
        served_tokens=parse(served, "tokens") if served else 0.0,
        serving_mfu=_share(serving_mfu),
        final_run=_share(final_run) or 1.0,
        seed=seed,
        replicas=replicas,
    )
    if loss is not None and not question.law.irreducible < loss < math.inf:
        raise UnitError(f"--loss {loss:g} is not above {question.law.irreducible:g}, the loss that {law} holds for "
                        "what no size and no data take away")  # fmt: skip
    if loss is not None and loss >= question.law.loss(1.0, 1.0):
        raise UnitError(f"--loss {loss:g} is that of one parameter on one token, or worse; write a smaller one")
    prices = price_book() if book is None else price_book().with_file(book)
    wish = _wish(prices, date, accelerator, provider, region, term, _share(mfu))
    found = answers(question, offers(prices, wish))
    best = found[0]
    doubts = drivers(question, best.optimal.offer)
    if plot is not None:
        _draw(plot, question, best)
    if as_json:
        typer.echo(to_json(_facts(question, wish, found, doubts, days)))
        return
    screen = console()
    for block in _page(question, wish, found, doubts, days):
        screen.print(block)


def _positive(text: str, dimension: str) -> float:
    from simulator.foundation.units import UnitError, parse

    value = parse(text, dimension)
    if value <= 0:
        raise UnitError(f"{text!r} buys nothing; write an amount above zero")
    return value


def _share(text: str | None) -> float | None:
    from simulator.foundation.units import UnitError, parse

    if text is None:
        return None
    value = parse(text, "ratio")
    if not 0 < value <= 1:
        raise UnitError(f"{text!r} is no share; write one above 0 and up to 1, such as '40 %'")
    return value


def _wish(
    prices: Any, day: str | None, accelerator: str | None, provider: str | None, region: str | None, term: str | None,
    mfu: float | None,
) -> "Wish":  # fmt: skip
    from datetime import date as calendar

    from analysis.study.offers import Wish, last_day
    from simulator.foundation.units import UnitError

    try:
        on = last_day(prices) if day is None else calendar.fromisoformat(day)
    except ValueError:
        raise UnitError(f"--date {day!r} is not a date such as 2025-12-31") from None
    return Wish(date=on, accelerator=accelerator, provider=provider, region=region, term=term, mfu=mfu)


def _page(
    question: "Question", wish: "Wish", found: "Sequence[Answer]", doubts: "Any", days: float
) -> "Sequence[Table | Text | str]":
    best = found[0]
    usual = best.serving_aware or best.optimal
    of, written = ("dollars", _usd) if question.usd is None else ("loss", _loss)
    blocks: list[Table | Text | str] = [_headline(question, usual), _models(question, best)]
    blocks += [
        f"Machines, $/h and providers who offer them, how many finish in {days:g} d, and the {of}:",
        _table(question, found, days),
    ]
    if len(found) > _SHOWN:
        blocks.append(f"{len(found) - _SHOWN} more offers with --json.")
    if spot := _spot(question, found[_SHOWN:]):
        blocks.append(spot)
    widest = sorted(doubts.items(), key=lambda item: item[1].p10 - item[1].p90)
    blocks.append(
        f"What moves the {of}, one at a time, p10 to p90: "
        + "; ".join(f"{name} {written(at.p10)} to {written(at.p90)}" for name, at in widest)
        + "."
    )
    blocks += [f"Warning: {text}" for text in question.law.warnings(usual.typical)]
    return [*blocks, _basis(question, wish, usual)]


def _spot(question: "Question", found: "Sequence[Answer]") -> str:
    """Say what the best spot offers would give that the table has no room for; empty without any."""
    bought = [each.serving_aware or each.optimal for each in found]
    spot = [each for each in bought if each.offer.term == "spot"][:_SPOT]
    if not spot:
        return ""
    told = (
        f"{each.offer.accelerator.key} at ${each.usd_per_accelerator_h.p50:.2f}/h, "
        + (_usd(each.usd.p50) if question.usd is None else _loss(each.loss.p50))
        for each in spot
    )
    return f"On spot, last because interruptions are not counted, if {spot[0].offer.presumes}: {'; '.join(told)}."


def _headline(question: "Question", best: "Bought") -> "Text":
    presumed = f" (if {best.offer.presumes})" if best.offer.presumes else ""
    where = f"{best.offer.accelerator.title}, {best.offer.term.replace('_', ' ')}{presumed}"
    if question.usd is None:
        low, middle, high = (_usd(value) for value in best.usd)
        return led(f"A loss of {question.loss:g} costs {middle} ({low} to {high})", f" on {where}.")
    low, middle, high = (f"{value:.3f}" for value in best.loss)
    reached = "" if best.reached is None else f" It reaches {question.loss:g} in {100 * best.reached:.0f} % of draws."
    return led(f"{_usd(question.usd)} buys a loss of {middle} ({low} to {high})", f" on {where}.{reached}")


def _usd(value: float, digits: int = 3) -> str:
    from analysis.plots.amounts import dollars

    return dollars(value, digits) if math.isfinite(value) else "never"


def _size(value: float) -> str:
    """Write parameters or tokens short."""
    return _usd(value).removeprefix("$")


def _loss(value: float) -> str:
    return f"{value:.3f}"


def _models(question: "Question", best: "Answer") -> "Table":
    """Return the model that the best offer buys, with and without serving in mind."""
    from rich.table import Table

    table = Table("on the best offer", box=None, pad_edge=False)
    for name in ("p10", "p50", "p90"):
        table.add_column(name, justify="right")
    for name, each in (("compute-optimal", best.optimal), ("serving-aware", best.serving_aware)):
        if each is None:
            continue
        rows = [("parameters", each.parameters, _size), ("tokens", each.tokens, _size)]
        rows += [("loss", each.loss, _loss)] if question.usd is not None else [("dollars", each.usd, _usd)]
        for quantity, of, written in rows:
            table.add_row(f"{name}: {quantity}", *(written(value) for value in of))
        table.add_row(f"{name}: tokens a parameter", "", f"{each.typical.tokens_per_parameter:,.0f}", "")
    return table


def _table(question: "Question", found: "Sequence[Answer]", days: float) -> "Table":
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    table.add_column("machines and term", no_wrap=True)
    for name in ("$/h", "offers", f"{days:g} d", "model", "tokens", "p10", "p50", "p90"):
        table.add_column(name, justify="right", no_wrap=True)
    for each in found[:_SHOWN]:
        best = each.serving_aware or each.optimal
        of = best.usd if question.usd is None else best.loss
        table.add_row(
            f"{best.offer.accelerator.key} {best.offer.term.replace('_', ' ')}",
            f"{best.usd_per_accelerator_h.p50:.2f}",
            str(len(best.offer.prices)),
            f"{math.ceil(best.accelerator_hours.p50 / 24 / days):,}",
            _size(best.parameters.p50),
            _size(best.tokens.p50),
            *(_usd(value, 2) if question.usd is None else _loss(value) for value in of),
        )
    return table


def _basis(question: "Question", wish: "Wish", best: "Bought") -> str:
    cheapest, dearest = best.offer.prices[0], best.offer.prices[-1]
    between = cheapest.label if cheapest is dearest else f"{cheapest.label} to {dearest.label}"
    share = "" if question.final_run == 1 else f" {100 * question.final_run:g} % of the budget is for the final run."
    return (
        f"Prices of {wish.date.isoformat()}, drawn evenly among providers; the best: {between}. Commitments presume "
        "that the rest of the term is used; what spot interruptions cost is not counted.\n"
        f"Efficiency {100 * best.offer.mfu:.3g} % ({best.offer.mfu_source}). Law {question.law.key} "
        f"({question.law.source}). {question.replicas:,} draws, seed {question.seed}.\n"
        f"Dollars rent accelerators; people, data and experiments are for flopcast lifecycle.{share}"
    )


def _facts(question: "Question", wish: "Wish", found: "Sequence[Answer]", doubts: "Any", days: float) -> dict[str, Any]:
    return {
        "usd": question.usd,
        "loss": question.loss,
        "served_tokens": question.served_tokens,
        "final_run": question.final_run,
        "law": question.law.key,
        "law_source": question.law.source,
        "date": wish.date.isoformat(),
        "days": days,
        "replicas": question.replicas,
        "seed": question.seed,
        "drivers": {name: _finite(of) for name, of in doubts.items()},
        "offers": [
            {
                "accelerator": each.optimal.offer.accelerator.key,
                "term": each.optimal.offer.term,
                "presumes": each.optimal.offer.presumes,
                "prices": [price.label for price in each.optimal.offer.prices],
                "mfu": each.optimal.offer.mfu,
                "mfu_source": each.optimal.offer.mfu_source,
                "compute_optimal": _bought(question, each.optimal, days),
                "serving_aware": None if each.serving_aware is None else _bought(question, each.serving_aware, days),
            }
            for each in found
        ],
    }


def _bought(question: "Question", found: "Bought", days: float) -> dict[str, Any]:
    names = ("usd_per_accelerator_h", "usd", "flop", "accelerator_hours", "parameters", "tokens", "loss")
    return {name: _finite(getattr(found, name)) for name in names} | {
        "accelerators": math.ceil(found.accelerator_hours.p50 / 24 / days),
        "tokens_per_parameter": float(found.typical.tokens_per_parameter),
        "reached": found.reached,
        "warnings": question.law.warnings(found.typical),
    }


def _finite(of: "Interval") -> dict[str, float | None]:
    """Return an interval as plain data; what is never reached is null."""
    return {name: value if math.isfinite(value) else None for name, value in of._asdict().items()}


def _draw(path: Path, question: "Question", best: "Answer") -> None:
    from analysis.cli.budget_picture import picture
    from analysis.cli.output import write_picture

    write_picture(path, picture(question, best))
