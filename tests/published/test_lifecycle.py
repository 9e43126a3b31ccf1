"""Published and seed figures of the life cycle: theory of cost, sections 1 and 3.

Sources: the seed's arithmetic; DeepSeek's inference overview (2025-03-01); QLoRA, arXiv 2305.14314; OPT-IML, arXiv
2212.12017; a measured tokeniser.
"""

from pathlib import Path

import pytest

from analysis.metrics.lifecycle import LifeForecast, life_forecast
from simulator.catalogue.reader import entry
from simulator.engine.lifecycle_run import run_life
from simulator.scenario.api import life
from simulator.scenario.life import MONTH_S
from simulator.scenario.trained import shape_of
from simulator.workload.architecture import architecture
from simulator.workload.finetuning import METHODS, least_machines, machine_s
from simulator.workload.serving import Machine, token_time
from tests.toml_files import write


def forecast(folder: Path, text: str) -> LifeForecast:
    made = life(write(folder, text), ["run.replicas=20"])
    return life_forecast(made, run_life(made))


@pytest.mark.parametrize(
    ("name", "usd", "days"),
    [
        ("llama-65b-seed", 4_056_514.56, 21),
        ("llama-65b-negotiated-50", 2_028_257.28, 21),
        ("llama-65b-negotiated-80", 811_302.91, 21),
        ("palm-540b-seed", 27_064_074.24, 64),
    ],
)
def test_the_seeds_runs_cost_what_they_cost_as_a_stage(tmp_path: Path, name: str, usd: float, days: float) -> None:
    found = forecast(
        tmp_path,
        f"""
        extends = "{name}"
        [lifecycle.stages.train]
        kind = "train"
        run = true
        """,
    )
    assert found.usd.mean == usd
    assert found.days.p50 == pytest.approx(days)


def test_the_seeds_researcher(tmp_path: Path) -> None:
    """$925k = $300k in cash and $625k in equity, of which only the cash is an outlay."""
    fact = entry("stages", "researcher-pay")
    assert fact.number("total_usd_per_year") == 925_000
    found = forecast(
        tmp_path,
        """
        [lifecycle.teams.research]
        people = 1
        pay = "$300000"
        equity = "$625000"
        [lifecycle.stages.year]
        people = { research = 1 }
        duration = "1 year"
        """,
    )
    assert found.usd.mean == 300_000.00
    assert found.equity_usd.mean == pytest.approx(625_000)
    assert found.usd.mean + found.equity_usd.mean == pytest.approx(925_000)


def test_tokenising_1_4_trillion_tokens(tmp_path: Path) -> None:
    """2,318 core-hours at the measured speed of a core, which rounds to 168k tokens/s."""
    found = forecast(
        tmp_path,
        """
        [lifecycle.machines.cores]
        rate = "$1/h"
        [lifecycle.stages.tokenise]
        kind = "prepare"
        machines = "cores"
        count = 100
        tokens = "1.4T tokens"
        """,
    )
    assert found.usd.mean == pytest.approx(2318, rel=0.002)
    assert found.days.p50 * 24 == pytest.approx(23.18, rel=0.002)


def test_opt_iml_took_9216_hours(tmp_path: Path) -> None:
    hours = entry("stages", "opt-iml").number("machine_s") / 3600
    assert hours == 9216
    found = forecast(
        tmp_path,
        f"""
        [lifecycle.machines.a100]
        rate = "$2/h"
        [lifecycle.stages.align]
        kind = "align"
        machines = "a100"
        count = 128
        machine_time = "{hours} h"
        """,
    )
    assert found.usd.mean == 18_432.00
    assert found.days.p50 * 24 == pytest.approx(72)


def test_qlora_of_65b_for_a_day_on_one_gpu() -> None:
    """It fits into 48 GB, where adapters on 16 bits and full fine-tuning (780 GB) do not; a day of it is plausible."""
    fact = entry("stages", "qlora-65b")
    size, memory = fact.number("parameters"), fact.number("hbm_bytes")
    assert fact.number("machine_s") == 24 * 3600
    assert [least_machines(METHODS[name], parameters=size, hbm_bytes=memory) for name in ("qlora", "lora", "full")] == [
        1,
        3,
        17,
    ]
    assert METHODS["full"].bytes_per_parameter * 65e9 == pytest.approx(780e9)
    # 1,875 steps of 16 sequences of 512 tokens (from memory) on a GPU of 155 TFLOP/s: a day is an efficiency of 30 %
    took = machine_s(METHODS["qlora"], parameters=size, tokens=1875 * 16 * 512, flop_per_s=155e12)
    assert 0.1 < took / fact.number("machine_s") < 0.6


def test_a_day_of_deepseeks_service(tmp_path: Path) -> None:
    """226.75 nodes of 8 at $2 an hour are $87,072 a day, for 608 billion tokens read and 168 billion written."""
    fact = entry("stages", "deepseek-serving")
    machines = fact.number("nodes") * fact.number("machines_per_node")
    month = MONTH_S / 86400
    speed = fact.number("written_tokens") / 86400 / machines
    found = forecast(
        tmp_path,
        f"""
        [lifecycle.machines.h800]
        rate = "$2/h"
        [lifecycle.stages.serve]
        kind = "serve"
        machines = "h800"
        [lifecycle.stages.serve.serving]
        months = 1
        read = "{fact.number("read_tokens") * month / 1e9!r}B tokens"
        written = "{fact.number("written_tokens") * month / 1e9!r}B tokens"
        written_per_second_per_machine = "{speed!r} tokens/s"
        utilisation = 1.0
        """,
    )
    assert round(found.usd.mean / month, 2) == fact.number("usd_per_day") == 87_072
    assert found.usd_per_m_written == pytest.approx(87_072 / 168_000)


def test_the_roofline_serves_deepseek_within_a_factor_of_two() -> None:
    """With and without the 56 % of read tokens that came from a cache."""
    fact, chip = entry("stages", "deepseek-serving"), entry("accelerators", "h800-sxm")

    class Silent:
        def fact(self, *_: object) -> None: ...

    shape = shape_of("deepseek-v3", Silent())  # type: ignore[arg-type]  # notes nothing
    times = token_time(
        architecture({name: getattr(shape, name) for name in shape.__slots__ if getattr(shape, name) is not None}),
        Machine(
            peak_flop_per_s=chip.number("peak_bf16_flop_per_s"),
            hbm_bytes=chip.number("hbm_bytes"),
            hbm_bytes_per_s=chip.number("hbm_bytes_per_s"),
        ),
        context=4989,
        bytes_per_parameter=1.0,
    )
    read, written = fact.number("read_tokens"), fact.number("written_tokens")
    published = fact.number("nodes") * fact.number("machines_per_node")
    for cached in (0.0, 0.56):
        machines = (read * (1 - cached) * times.read_s + written * times.written_s) / 86400
        assert 0.5 < machines / published < 2.0
