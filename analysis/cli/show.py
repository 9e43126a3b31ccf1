"""``flopcast show KIND [KEY]``: the catalogue, with the source of every figure."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from analysis.cli.complete import beginning, entries
from analysis.cli.output import AsJson

if TYPE_CHECKING:
    from rich.table import Table

    from simulator.catalogue.reader import Entry
    from simulator.pricing.book import Price

KINDS: Final[Mapping[str, str]] = {
    "accelerators": "accelerators",
    "systems": "systems",
    "models": "architectures",
    "datasets": "datasets",
    "failures": "failures",
    "stacks": "throughput_stacks",
    "workloads": "workloads",
    "prices": "prices",
    "storage": "storage",
    "egress": "egress",
    "ownership": "ownership",
    "grids": "grids",
    "scaling": "scaling_laws",
    "stages": "stages",
}

_COLUMNS: Final[Mapping[str, Sequence[str]]] = {
    "accelerators": ("peak_bf16_flop_per_s", "hbm_bytes", "hbm_bytes_per_s", "scale_up_bytes_per_s", "mfu_p50"),
    "systems": ("accelerator", "nodes", "accelerators_per_node", "fabric"),
    "architectures": ("layers", "hidden", "heads", "vocab", "published_params"),
    "datasets": ("tokens", "bytes", "tokenizer"),
    "workloads": ("accelerators", "gpu_jobs", "mean_run_s", "mean_gpus", "cancelled_jobs"),
    "failures": ("node_accelerators", "counts_as", "rate_per_1000_node_days"),
    "throughput_stacks": ("attention_efficiency", "tp_overlap", "zero"),
    "storage": ("provider", "upto_gb", "usd_per_gb_month"),
    "egress": ("provider", "upto_gb", "usd_per_gb"),
    "ownership": ("server_usd", "power_w"),
    "grids": ("g_per_kwh", "usd_per_kwh"),
    "stages": (),
    "scaling_laws": (
        "irreducible",
        "parameter_scale",
        "parameter_exponent",
        "token_scale",
        "token_exponent",
    ),
}
UNVERIFIED_MARK: Final = " ?"
_PART_COLUMNS: Final = (
    "kind",
    "blast",
    "rate_per_1000_node_days",
    "rate_low",
    "rate_high",
    "nodes_lost",
    "detection_s",
)


def _kinds(incomplete: str) -> list[str]:
    return beginning(incomplete, KINDS)


def _keys(ctx: typer.Context, incomplete: str) -> list[str]:
    kind = KINDS.get(ctx.params.get("kind", ""))
    if kind is None:
        return []
    return entries("accelerators" if kind == "prices" else kind, incomplete)


def show(
    kind: Annotated[str, typer.Argument(help=f"One of {', '.join(KINDS)}.", autocompletion=_kinds)],
    key: Annotated[
        str | None,
        typer.Argument(help="An entry, such as a100-80gb; without it the kind is listed.", autocompletion=_keys),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what the catalogue holds: figures, source, date and how well each was checked."""
    from simulator.catalogue.reader import CatalogueError
    from simulator.pricing.book import PriceError

    try:
        kind = next((word for word, name in KINDS.items() if name == kind), kind)  # the catalogue's own word is as good
        if kind not in KINDS:
            from simulator.foundation.issues import not_among

            raise CatalogueError(f"kind {not_among(kind, KINDS)}")
        _show_prices(key, as_json) if kind == "prices" else _show_entries(KINDS[kind], key, as_json)
    except (CatalogueError, PriceError) as problem:
        typer.echo(str(problem), err=True)
        raise typer.Exit(2) from None


def _show_entries(kind: str, key: str | None, as_json: bool) -> None:
    from simulator.catalogue.reader import entry, read

    if key is not None:
        found = entry(kind, key)
        _print(as_json, entry_facts(found), lambda: [_sheet(found), *([_parts(found)] if found.parts else [])])
        return
    every = list(read(kind).values())
    _print(as_json, [entry_facts(found) for found in every], lambda: [_list(kind, every)])


def _show_prices(key: str | None, as_json: bool) -> None:
    from simulator.foundation.issues import not_among
    from simulator.pricing.book import PriceError, accelerator_key, price_book

    every = sorted(
        price_book().catalogue, key=lambda row: (row.accelerator, row.term, str(row.date_from), row.provider)
    )
    if key is not None:
        known = {row.accelerator for row in every}
        wanted = accelerator_key(key)
        every = [row for row in every if row.accelerator == wanted]
        if not every:
            raise PriceError(f"prices: accelerator {not_among(wanted, known, most=60)}")
    _print(as_json, [_price_facts(row) for row in every], lambda: [_prices(every) if key else _price_list(every)])


def entry_facts(found: "Entry") -> dict[str, Any]:
    """Return an entry as plain data for JSON, parts included."""
    facts: dict[str, Any] = {"key": found.key, "title": found.title, **dict(found.values)}
    facts |= {"source": found.source, "date": found.date, "evidence": found.evidence, "standing": found.standing}
    facts |= {"unverified": list(found.unverified), "notes": found.notes, "aliases": list(found.aliases)}
    if found.parts:
        facts["parts"] = [entry_facts(part) for part in found.parts.values()]
    return facts


def _print(as_json: bool, facts: Any, tables: "Callable[[], Sequence[Table]]") -> None:
    if as_json:
        import json

        typer.echo(json.dumps(facts, indent=2, default=str))
        return
    from analysis.cli.output import console, print_table

    screen = console()
    for table in tables():
        print_table(screen, table)
        if any(str(cell).endswith(UNVERIFIED_MARK) for column in table.columns for cell in column.cells):
            screen.print("?: this figure is unverified, from memory or assumed.")


def _list(kind: str, every: "Sequence[Entry]") -> "Table":
    table = _table(kind, ("key", "title", *_COLUMNS[kind], "standing"))
    for found in every:
        table.add_row(found.key, found.title, *(_cell(found, name) for name in _COLUMNS[kind]), found.standing)
    return table


def _sheet(found: "Entry") -> "Table":
    table = _table(found.title, ("field", "value", "standing"))
    for name, value in found.values.items():
        about = name.endswith(("_source", "_basis", "_evidence"))
        table.add_row(name, _words(name, value), "" if about else found.standing_of(name))
    for name in ("source", "date", "evidence", "notes"):
        table.add_row(name, str(getattr(found, name)), found.standing if name == "evidence" else "", style="dim")
    return table


def _parts(found: "Entry") -> "Table":
    table = _table(f"{found.key}: parts", ("key", "title", *_PART_COLUMNS, "standing"))
    for part in found.parts.values():
        table.add_row(part.key, part.title, *(_cell(part, name) for name in _PART_COLUMNS), part.standing)
    return table


def _prices(every: "Sequence[Price]") -> "Table":
    names = (
        "term",
        "usd",
        "provider",
        "region",
        "instance",
        "host_included",
        "date_from",
        "date_to",
        "note",
        "evidence",
    )
    table = _table(f"prices of {every[0].accelerator}", names)
    for row in every:
        table.add_row(*("" if getattr(row, name) is None else str(getattr(row, name)) for name in names))
    return table


def _price_list(every: "Sequence[Price]") -> "Table":
    from simulator.foundation.units import hourly

    table = _table("prices", ("accelerator", "rows", "terms", "first", "last", "on demand, least to most"))
    for accelerator in sorted({row.accelerator for row in every}):
        mine = [row for row in every if row.accelerator == accelerator]
        days = sorted(str(row.date_from) for row in mine)
        usd = sorted(row.usd for row in mine if row.term == "on_demand")
        terms = ", ".join(sorted({row.term for row in mine}))
        spread = f"{hourly(usd[0])} to {hourly(usd[-1])}" if usd else ""
        table.add_row(accelerator, str(len(mine)), terms, days[0], days[-1], spread)
    return table


def _price_facts(row: "Price") -> dict[str, Any]:
    from dataclasses import asdict

    facts = asdict(row)
    return {name: value for name, value in facts.items() if name not in ("own", "stale", "others")}


def _table(title: str, names: Sequence[str]) -> "Table":
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for name in names:
        table.add_column(name.replace("_", " "), overflow="fold", no_wrap=name == names[0])  # keys are typed as a whole
    return table


def _cell(found: "Entry", name: str) -> str:
    if name == "rate_per_1000_node_days" and name not in found.values and found.parts:
        return f"{sum(part.number(name) for part in found.parts.values()):.4g}"
    value = found.values.get(name)
    mark = UNVERIFIED_MARK if name in found.unverified else ""
    return "" if value is None else _words(name, value) + mark


def _words(name: str, value: Any) -> str:
    from simulator.foundation.units import show as show_units

    if isinstance(value, tuple):
        return ", ".join(_words(name if name == "upto_gb" else "", item) for item in value)
    if isinstance(value, bool) or not isinstance(value, float):
        return str(value)
    if name == "hbm_bytes" and value % 2**30 == 0:
        return f"{value / 2**30:.0f} GiB"
    if name == "upto_gb" and value == 0:
        return "no end"
    for suffix in ("flop_per_s", "bytes_per_s", "bytes", "tokens"):
        if name.endswith(suffix):
            return show_units(value, suffix)
    return show_units(value, "time") if name.endswith("_s") else f"{value:.6g}"
