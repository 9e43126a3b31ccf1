"""The what-if page, as streamlit draws it; what it says comes from `analysis.web.answer`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import streamlit as st

from analysis.metrics.facts import forecast_facts, ledger_csv, replicas_csv
from analysis.plots.amounts import days, dollars, share
from analysis.report.findings import gather
from analysis.report.page import page as report_page
from analysis.report.words import added, answer, calendar
from analysis.study.compare import differences
from analysis.web import answer as web
from simulator.foundation.issues import ScenarioError
from simulator.scenario.written import resolved_toml

_EXAMPLE: Final = 'extends = "llama-65b"\ntitle = "My run"\n\n[cluster]\naccelerators = 1024\n'
_MOST_PINS: Final = 6
_STYLE: Final = """<style>
.block-container { padding-top: 2rem; padding-bottom: 3rem; max-width: 1180px; }
[data-testid="stMetricValue"] { font-size: 1.9rem; }
[data-testid="stMetric"] p, [data-testid="stMetricValue"] div { white-space: normal; overflow: visible; }
</style>"""


@st.cache_resource(max_entries=64, show_spinner=False)
def _asked(base: web.Base, form: web.Form) -> web.Answer:
    return web.ask(base, form)


@st.cache_data(show_spinner=False)
def _offered() -> Sequence[str]:
    return web.offered()


def show() -> None:
    """Draw the page."""
    st.set_page_config(page_title="flopcast: what if", layout="wide", initial_sidebar_state="auto")
    st.html(_STYLE)
    st.title("How long, and how much?")
    st.caption("The inputs are at the left; on a small screen they open with the arrows in the corner.")
    try:
        with st.sidebar:
            base = _base()
            form = _form(base)
        found = _asked(base, form)
    except (ScenarioError, web.TooMuchError, RuntimeError, OSError) as problem:
        st.error(_as_code(str(problem)))
        return
    _answer(found)
    _compare(found)
    _take_away(found)


def _as_code(text: str) -> str:
    return f"```text\n{text.replace('```', '')}\n```"


def _base() -> web.Base:
    names = _offered()
    name = st.selectbox("Scenario", [*names, web.OWN], index=names.index("llama-65b"), key="scenario",
                        format_func=lambda word: "my own, as text" if word == web.OWN else word)  # fmt: skip
    if name != web.OWN:
        return web.Base(name=name)
    text = st.text_area("Scenario text (TOML)", _EXAMPLE, height=220, max_chars=web.LONGEST_TEXT, key="own",
                        help="It may extend a shipped scenario; it cannot name files.")  # fmt: skip
    return web.own(text)


def _form(base: web.Base) -> web.Form:
    """Draw a widget for each choice; each scenario has its own, so that it shows its own values at first."""
    first = web.form_of(base)

    def key(name: str) -> str:
        return f"{name}:{base.name}:{hash(base.text)}"

    def pick(label: str, name: str, words: Sequence[str], now: str | None, why: str) -> str | None:
        every = words if now is None or now in words else [now, *words]
        return st.selectbox(label, every, index=None if now is None else every.index(now), key=key(name),
                            disabled=now is None, placeholder=why)  # fmt: skip

    def amount(label: str, name: str, now: float | None, **settings: Any) -> float | None:
        return st.number_input(label, value=now, key=key(name), **settings)

    model = pick("Model", "model", web.choices("architectures"), first.architecture, "as the scenario says")
    trillions = None if first.tokens is None else first.tokens / 1e12
    tokens = amount("Tokens, trillions", "tokens", trillions, min_value=0.001, max_value=1000.0, step=0.1,
                    format="%.4g", disabled=first.tokens is None, placeholder="as the scenario says")  # fmt: skip
    accelerator = pick("Accelerator", "accelerator", web.choices("accelerators"), first.accelerator, "as it says")
    count = st.number_input("Accelerators", value=first.accelerators, min_value=1, max_value=web.MOST_ACCELERATORS,
                            step=8, key=key("count"), disabled=first.accelerators is None)  # fmt: skip
    term = pick("Price term", "term", web.TERMS, first.term, "the scenario states its rate")
    percent = None if first.discount is None else 100.0 * first.discount
    off = amount("Discount, %", "discount", percent, min_value=0.0, max_value=100.0, step=5.0, format="%.4g",
                 placeholder="a range, drawn run by run")  # fmt: skip
    day = st.date_input("Price of", first.price_date, key=key("date"), disabled=first.price_date is None,
                        min_value="2015-01-01", max_value="2040-12-31", format="YYYY-MM-DD")  # fmt: skip
    stops = pick("Failures as on", "failures", web.choices("failures"), first.failures, "its own causes")
    interval = amount("Minutes between saves", "interval", first.interval_min, min_value=0.1, max_value=1e6, step=10.0,
                      format="%.4g", placeholder="by the scenario's policy")  # fmt: skip
    return web.Form(
        architecture=model,
        tokens=first.tokens if tokens is None or tokens == trillions else round(tokens * 1e12),
        accelerator=accelerator,
        accelerators=count,
        term=term,
        discount=first.discount if off is None or off == percent else round(off / 100.0, 6),
        price_date=day,
        failures=stops,
        interval_min=interval,
    )


def _answer(found: web.Answer) -> None:
    known = found.forecast
    st.subheader(known.scenario.title)
    st.markdown(f"**{_plain(answer(known))}**")
    columns = st.columns(3)
    for column, (label, of, written) in zip(columns, _figures(known), strict=True):
        with column:
            st.metric(label, written(of.p50, 4))
            st.caption(_plain(f"p10 {written(of.p10, 4)}, p90 {written(of.p90, 4)}, mean {written(of.mean, 4)}"))
    st.caption(_plain(f"{calendar(known)} {added(known)} Dollars: {known.basis}. {known.replicas} runs of equal luck."))
    for note in (*found.notes, *known.warnings):
        st.warning(_plain(note))


def _figures(known: Any) -> Sequence[tuple[str, Any, Any]]:
    return (("Days", known.wall_days, days), ("Dollars", known.usd, dollars), ("Goodput", known.goodput, share))


def _plain(text: str) -> str:
    """Keep Markdown from reading dollars as formulas and underscores as emphasis."""
    return "".join(f"\\{letter}" if letter in r"\`*_{}[]<>#$~|" else letter for letter in text)


def _compare(found: web.Answer) -> None:
    pins: list[web.Answer] = st.session_state.setdefault("pins", [])
    left, right = st.columns([1, 1])
    is_full = len(pins) >= _MOST_PINS
    if left.button("Pin this answer", key="pin", width="stretch", disabled=is_full) and found not in pins:
        pins.append(found)
    if right.button("Remove the pins", key="unpin", width="stretch", disabled=not pins):
        pins.clear()
    if pins:
        st.subheader("Side by side")
        rows = [*(_row(pin, found, f"pinned {at}") for at, pin in enumerate(pins, 1)), _row(found, found, "now")]
        st.table([{"": name, **{row[""]: row[name] for row in rows}} for name in rows[0] if name])
        st.caption("Later and dearer: the answer above less the pinned one, run by run on the same luck, in the mean.")


def _row(pin: web.Answer, now: web.Answer, kind: str) -> Mapping[str, str]:
    row = {"": kind, "scenario": _plain(", ".join((pin.base.name, *pin.sets[:-1])))}
    for label, of, written in _figures(pin.forecast):
        row[label] = f"{written(of.p50)} ({written(of.p10)} to {written(of.p90)})".replace("$", r"\$")
    by_name = {each.quantity: each.estimate.mean for each in differences(pin.forecast, now.forecast)}
    row["later"] = "" if kind == "now" else f"{by_name['wall_days']:+,.2f} d"
    row["dearer"] = "" if kind == "now" else _plain(dollars(by_name["usd"]))
    return row


def _take_away(found: web.Answer) -> None:
    st.subheader("Take it with you")
    known = found.forecast

    def report() -> str:
        return report_page(gather(known.scenario), forecast_facts(known))

    files: Sequence[tuple[str, str | Callable[[], str], str, str]] = (
        ("Report (HTML)", report, "report.html", "text/html"),
        ("Scenario (TOML)", resolved_toml(known.scenario), "resolved.toml", "application/toml"),
        ("Runs (CSV)", replicas_csv(known), "replicas.csv", "text/csv"),
        ("Ledger (CSV)", ledger_csv(known), "ledger.csv", "text/csv"),
    )
    for column, (label, data, name, kind) in zip(st.columns(len(files)), files, strict=True):
        column.download_button(label, data, name, kind, on_click="ignore", key=name, width="stretch")
    st.caption("The same as a command, and as a text for this page or a file:")
    st.code(web.command(found), language="sh", wrap_lines=True)
    st.code(web.share(found), language="toml", wrap_lines=True)


if __name__ == "__main__":
    show()
