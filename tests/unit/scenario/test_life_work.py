"""How long a stage lasts: closed forms of each way to say it, and every way in which it cannot be said."""

from pathlib import Path

import pytest

from simulator.catalogue.reader import entry
from simulator.foundation.issues import ScenarioError
from simulator.scenario.api import life
from simulator.scenario.findings import Findings
from simulator.scenario.life_work import CONTEXT
from simulator.scenario.load import Loaded
from simulator.scenario.trained import shape_of
from simulator.workload.serving import Machine, token_time
from simulator.workload.stages import Estimate, Lasting, MachineTime, OfTheRun, Serving, Work
from tests.toml_files import write

POOLS = """
[lifecycle.machines.h100]
count = 64
accelerator = "h100-sxm"
rate = "$2/h"
[lifecycle.machines.cores]
count = 64
rate = "$0.05/h"
[lifecycle.stages.first]
duration = "1 d"
[lifecycle.stages.x]
"""
OWN = 'machines = "h100"\n'
ON_H100, ON_CORES = 'machines = "h100"\ncount = 16\n', 'machines = "cores"\ncount = 16\n'
FINE = 'fine_tuning = { method = "lora", architecture = "llama-13b", tokens = "1B tokens", mfu = 0.4 }'
SERVE = 'months = 1, written = "1B tokens"'
HOUR_S, M = 3600.0, 1e6


def work(folder: Path, text: str) -> Work:
    return life(write(folder, POOLS + text)).stages[1].work


def served(folder: Path, text: str) -> Serving:
    found = work(folder, text)
    assert isinstance(found, Serving)
    return found


def sources(folder: Path, text: str) -> dict[str, str]:
    """Return what was taken from elsewhere, by the key of the stage."""
    found = life(write(folder, POOLS + text)).assumptions
    return {each.path.removeprefix("lifecycle.stages.x."): each.value for each in found if ".x." in each.path}


def test_the_slowest_speed_belongs_to_the_longest_time(tmp_path: Path) -> None:
    found = work(tmp_path, ON_CORES + 'tokens = ["1T tokens", "2T tokens", "4T tokens"]\n'
                 'tokens_per_second_per_machine = ["100k tokens/s", "200k tokens/s", "400k tokens/s"]')  # fmt: skip
    assert found == MachineTime(machine_s=Estimate(1e12 / 4e5, 2e12 / 2e5, 4e12 / 1e5))


def test_time_is_stated_as_it_passes_or_by_machine(tmp_path: Path) -> None:
    assert work(tmp_path, 'duration = "3 d"') == Lasting(duration=Estimate(*[3 * 86400.0] * 3))
    found = work(tmp_path, ON_CORES + 'machine_time = ["1 h", "2 h", "8 h"]')
    assert found == MachineTime(machine_s=Estimate(HOUR_S, 2 * HOUR_S, 8 * HOUR_S))


def test_what_others_published_stands_in_for_evaluations(tmp_path: Path) -> None:
    text = 'kind = "evaluate"\n' + ON_H100
    assert work(tmp_path, text) == MachineTime(machine_s=Estimate(1944000.0, 5400000.0, 15120000.0))
    assert sources(tmp_path, text)["work"] == "540 to 4200, most probably 1500 machine-hours"


def test_experiments_are_a_multiple_of_the_run(tmp_path: Path) -> None:
    found = life(write(tmp_path, "extends = 'llama-65b'\n" + POOLS + ON_H100 + "multiple = [1, 2, 3]\n"
                       "[lifecycle.stages.train]\nrun = true"))  # fmt: skip
    assert found.stages[1].work == OfTheRun(multiple=Estimate(1.0, 2.0, 3.0))


@pytest.mark.parametrize(("method", "flop"), [("full", 6.0), ("lora", 4.0), ("qlora", 4.0)])
def test_fine_tuning_is_flop_over_what_a_machine_achieves(method: str, flop: float, tmp_path: Path) -> None:
    """LLaMA-13B on 1B tokens at 40 % of the H100's peak."""
    text = (
        ON_H100
        + f'fine_tuning = {{ method = "{method}", architecture = "llama-13b", tokens = "1B tokens", mfu = 0.4 }}'
    )
    found = work(tmp_path, text)
    assert isinstance(found, MachineTime)
    parameters = 13.016e9
    assert found.machine_s.mode == pytest.approx(flop * parameters * 1e9 / (0.4 * 989.4e12), rel=1e-3)
    assert found.machine_s.low == found.machine_s.high == found.machine_s.mode
    assert sources(tmp_path, text)["work"].endswith("machine-hours")


def test_a_bought_service_is_paid_by_the_million_tokens(tmp_path: Path) -> None:
    found = served(tmp_path, 'serving = { months = 12, growth = 0.1, written = "1B tokens", read = "3B tokens", '
                   'usd_per_m_written = ["$1", "$2", "$4"], usd_per_m_read = "$0.5" }')  # fmt: skip
    assert found.usd_per_written == Estimate(1 / M, 2 / M, 4 / M)
    assert found.usd_per_read == Estimate(*[0.5 / M] * 3)
    assert (found.months, found.growth, found.utilisation) == (12, 0.1, 1.0)
    assert (found.written_per_month.mode, found.read_per_month.mode) == (1e9, 3e9)
    assert found.machine_s_per_written.mode == found.machine_s_per_read.mode == 0.0


def test_a_service_of_ones_own_at_a_stated_speed(tmp_path: Path) -> None:
    """The slowest speed is the longest time; reading is in it."""
    speeds = '["500 tokens/s", "1000 tokens/s", "2000 tokens/s"]'
    text = OWN + f"serving = {{ {SERVE}, at_least = 4, utilisation = 0.5, written_per_second_per_machine = {speeds} }}"
    found = served(tmp_path, text)
    assert found.machine_s_per_written == Estimate(1 / 2000, 1 / 1000, 1 / 500)
    assert found.machine_s_per_read.mode == 0.0
    assert (found.utilisation, found.at_least) == (0.5, 4.0)
    assert "serving.utilisation" not in sources(tmp_path, text)


def test_a_service_of_ones_own_by_the_roofline(tmp_path: Path) -> None:
    """Good to a factor of two: half and twice the time; a demand with days and nights fills 40 %, unless stated."""
    text = OWN + 'serving = { months = 1, written = "1B tokens", architecture = "llama-13b" }'
    found, chip = served(tmp_path, text), entry("accelerators", "h100-sxm")
    machine = Machine(peak_flop_per_s=chip.number("peak_bf16_flop_per_s"), hbm_bytes=chip.number("hbm_bytes"),
                      hbm_bytes_per_s=chip.number("hbm_bytes_per_s"))  # fmt: skip
    shape = shape_of("llama-13b", Findings(Loaded(name="", document={}, places={}, sweep={})))
    times = token_time(shape, machine, context=CONTEXT)
    assert found.machine_s_per_written == Estimate(times.written_s / 2, times.written_s, 2 * times.written_s)
    assert found.machine_s_per_read == Estimate(times.read_s / 2, times.read_s, 2 * times.read_s)
    assert found.utilisation == 0.4
    said = sources(tmp_path, text)
    assert said["serving.utilisation"] == "0.4"
    assert said["serving.roofline"].endswith("1 hold a copy")


@pytest.mark.parametrize(("more", "warned"), [("", True), (", at_least = 4", False), (', read = "300B tokens"', False)])
def test_a_demand_that_fills_less_than_one_copy_is_told(tmp_path: Path, more: str, warned: bool) -> None:
    """130 GB of weights fill 70 % of two H100 and more; half a billion tokens a month take less than all four."""
    text = OWN + f'serving = {{ months = 1, written = "0.5B tokens", architecture = "llama-65b"{more} }}'
    said = " ".join(life(write(tmp_path, POOLS + text)).warnings)
    assert ("one copy of the model takes 4: state at_least = 4" in said) == warned


def test_the_model_served_is_the_one_trained_unless_another_is_named(tmp_path: Path) -> None:
    service = 'serving = { months = 1, written = "1B tokens"'
    trained = "[model]\narchitecture = 'llama-13b'\n"
    named = served(tmp_path, OWN + service + ', architecture = "llama-13b" }')
    (tmp_path / "own").mkdir()
    own = life(write(tmp_path / "own", trained + POOLS + OWN + service + " }")).stages[1].work
    assert own == named


@pytest.mark.parametrize(
    ("text", "where", "message"),
    [
        (ON_CORES + 'tokens = "1T tokens"\ntokens_per_second_per_machine = "0 tokens/s"',
         "tokens_per_second_per_machine", "is zero; write something larger"),
        (ON_CORES + FINE, "fine_tuning", "needs machines whose pool names an accelerator, for its peak and its memory"),
        (ON_H100 + FINE.replace('method = "lora", ', ""), "fine_tuning.method", "is missing; fine-tuning states"),
        (ON_H100 + FINE.replace(", mfu = 0.4", ""), "fine_tuning.mfu", "is missing; fine-tuning states"),
        (ON_H100 + FINE.replace("llama-13b", "nowhere.json"), "x", "nowhere.json"),
        (OWN + 'serving = { written = "1B tokens", written_per_second_per_machine = "9 tokens/s" }',
         "serving.months", "is missing; a demand states months and written"),
        (OWN + 'serving = { months = 1, written = "0 tokens", written_per_second_per_machine = "9 tokens/s" }',
         "serving.written", "is zero; write something larger: dollars are also shown by token"),
        (OWN + 'serving = { months = 1201, written = "1B tokens", written_per_second_per_machine = "9 tokens/s" }',
         "serving.months", "1201 are too many; 1200 at most"),
        (OWN + f'serving = {{ {SERVE}, usd_per_m_written = "$1" }}', "serving", "states neither or both of"),
        (OWN + f'serving = {{ {SERVE}, written_per_second_per_machine = "9 tokens/s", utilisation = 0.0001 }}',
         "serving.utilisation", "0.0001 is less than 0.1 %: that many machines stand idle"),
        (OWN + f'serving = {{ {SERVE}, written_per_second_per_machine = "0 tokens/s" }}',
         "serving.written_per_second_per_machine", "is zero; write something larger"),
        (ON_CORES + f'serving = {{ {SERVE} }}', "serving", "needs machines whose pool names an accelerator"),
        (OWN + f'serving = {{ {SERVE} }}', "serving.architecture", "is missing; state it, or written_per_second"),
        (OWN + f'serving = {{ {SERVE}, architecture = "nowhere.json" }}', "x", "nowhere.json"),
    ],
)  # fmt: skip
def test_what_cannot_be_said_is_refused_where_it_stands(text: str, where: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ScenarioError) as raised:
        life(write(tmp_path, POOLS + text))
    found = [str(issue) for issue in raised.value.issues]
    assert any(f"{where}: " in each and message in each for each in found), found
