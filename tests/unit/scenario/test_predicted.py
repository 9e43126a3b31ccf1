"""Speed from the step-time model: the plan that is stated or the best, its spread, and what replaces it."""

import numpy as np
import pytest

from simulator.catalogue.reader import entry
from simulator.engine.estimate import estimate
from simulator.foundation.issues import ScenarioError
from simulator.scenario.api import scenario
from simulator.scenario.values import Scenario
from simulator.scenario.written import resolved_toml
from simulator.workload.prediction import DECILE, chosen_plan, stack_factor
from tests.unit.scenario.maker import Maker

MODEL = "[throughput]\nmethod = 'model'\n"
PLAN = "[parallelism]\ntensor = 2\npipeline = 2\nmicro_batch = 4\n"


def rate(scenario: Scenario) -> float:
    """Tokens per second of one accelerator in the first stage."""
    stage = scenario.stages[0]
    assert stage.tokens is not None
    return stage.tokens / stage.work_s / stage.accelerators


def fact(scenario: Scenario, path: str) -> str:
    return next(row.value for row in scenario.assumptions if row.path == path)


def test_the_fastest_plan_is_taken_and_its_spread_is_that_of_unseen_plans(made: Maker) -> None:
    found = made(MODEL)
    factor, sigma = chosen_plan(None)
    assert factor > 1.0
    assert found.efficiency_sigma == sigma
    assert found.stages[0].scales
    assert "dp64" in fact(found, "phases[0].plan")
    assert any("plan is not stated" in warning for warning in found.warnings)
    assert any("software is not stated" in warning for warning in found.warnings)


def test_a_stated_plan_and_stack_have_the_spread_of_the_stack_on_the_machines(made: Maker) -> None:
    found = made(f"{MODEL}stack = 'mosaic-fsdp-2023'\n{PLAN}")
    assert found.efficiency_sigma == stack_factor("mosaic-fsdp-2023", "ampere")[1]
    assert fact(found, "phases[0].plan").startswith("tp2 pp2 dp16 vpp")
    assert not any("not stated" in warning for warning in found.warnings)


def test_stating_a_plan_or_a_stack_asks_for_the_model(made: Maker) -> None:
    for addition in (PLAN, "[throughput]\nstack = 'nemo-2024'\n"):
        found = made(f"without = ['throughput']\n{addition}")
        assert fact(found, "throughput.method") == "model"
    assert fact(made("without = ['throughput']\n"), "throughput.method") == "published"


def test_a_measured_rate_replaces_the_model(made: Maker) -> None:
    replaced = made(f"{MODEL}{PLAN}", "throughput.tokens_per_second_per_accelerator=3000 tokens/s")
    assert rate(replaced) == pytest.approx(3000.0)
    assert replaced.efficiency_sigma == 0.0


def test_narrow_experts_are_a_warning(made: Maker) -> None:
    """Their published steps differ by what the software of the month did: docs/explanation/throughput.md."""
    narrow = "without = ['model.architecture', 'cluster.accelerator']\n[model]\narchitecture = 'gpt-oss-20b'\n"
    h100, rack = "[cluster]\naccelerator = 'h100-sxm'\n", "[cluster]\naccelerator = 'gb200-nvl72'\n"
    for text, said in (
        (f"{narrow}{h100}{MODEL}", True),
        (f"{narrow}{rack}{MODEL}", True),
        (f"{narrow}{h100}{MODEL}stack = 'hai-llm-2024'\n", False),
        (f"{narrow}{h100}{MODEL}stack = 'nemo-2025'\nfactor = 0.7\n", False),
        (MODEL, False),
    ):
        assert any("Experts of 2,880 columns" in warning for warning in made(text).warnings) == said


def test_a_published_plan_with_experts_over_tensor_ranks_is_taken_as_stated(made: Maker) -> None:
    """Megatron Bridge 26.04, Qwen3-235B on 256 H100: TP 2, PP 8, EP 32; it was refused, for there are 16 replicas."""
    changed = "without = ['model.architecture', 'cluster.accelerator', 'cluster.accelerators']\n"
    cluster = "[model]\narchitecture = 'qwen3-235b-a22b'\n[cluster]\naccelerator = 'h100-sxm'\naccelerators = 256\n"
    plan = "[parallelism]\ntensor = 2\npipeline = 8\nchunks = 4\nexpert = 32\nmicro_batch = 1\n"
    found = made(f"{changed}{cluster}{MODEL}stack = 'nemo-2025'\n{plan}", "data.batch=33.5544M tokens")
    assert fact(found, "phases[0].plan").startswith("tp2 pp8 dp16 ep32 vpp4 mb1")
    narrow = entry("throughput_parameters", "narrow-mixture").number("sigma")
    assert found.efficiency_sigma == pytest.approx(np.hypot(stack_factor("nemo-2025", "hopper")[1], narrow))


def test_the_fastest_plan_of_narrow_experts_is_in_more_doubt(made: Maker) -> None:
    changed = "without = ['model.architecture', 'cluster.accelerator']\n[model]\narchitecture = 'gpt-oss-20b'\n"
    found = made(f"{changed}[cluster]\naccelerator = 'h100-sxm'\n{MODEL}stack = 'nemo-2025'\n")
    narrow = entry("throughput_parameters", "narrow-mixture").number("sigma")
    assert found.efficiency_sigma == pytest.approx(np.hypot(chosen_plan("nemo-2025")[1], narrow))


def test_failures_and_saves_do_not_change_the_speed(made: Maker) -> None:
    alone = made(f"without = ['failures']\n{MODEL}{PLAN}[checkpoint]\npolicy = 'none'\n")
    assert rate(alone) == rate(made(f"{MODEL}{PLAN}"))


def test_a_factor_of_ones_own_scales_the_step(made: Maker) -> None:
    one, two = (rate(made(f"{MODEL}stack = 'nemo-2024'\nfactor = {factor}\n{PLAN}")) for factor in (1.0, 2.0))
    assert one == pytest.approx(2.0 * two, rel=1e-12)


def test_small_batches_of_a_ramp_cost_more(made: Maker) -> None:
    """A batch ramp is a phase for each batch; fewer micro-batches leave a longer bubble."""
    found = made(f"{MODEL}[parallelism]\ntensor = 2\npipeline = 4\nchunks = 1\nmicro_batch = 1\n"
                 "[[phases]]\nname = 'small'\nbatch = '16384 tokens'\nshare = 0.5\n"
                 "[[phases]]\nname = 'large'\nbatch = '4M tokens'\n")  # fmt: skip
    small, large = found.stages
    assert small.tokens == large.tokens
    assert small.work_s > 2 * large.work_s
    assert fact(found, "phases[0].plan") == fact(found, "phases[1].plan")


def test_a_batch_that_is_not_stated_grows_with_the_run(made: Maker) -> None:
    for tokens, batch in (("1.4T tokens", "4.1943M tokens"), ("22.4T tokens", "16.7772M tokens")):
        found = made(f"without = ['data.batch']\n{MODEL}", f"data.tokens={tokens}")
        assert fact(found, "phases[0].batch") == batch


def test_slices_of_accelerators_meet_over_the_slower_network(made: Maker) -> None:
    tpu = "without = ['cluster.accelerator']\n[cluster]\naccelerator = 'tpu-v5p'\naccelerators = 512\n"
    whole, sliced = (made(f"{tpu}{MODEL}{PLAN}{domain}") for domain in ("", "domain = 64\n"))
    assert entry("accelerators", "tpu-v5p").number("scale_up_domain") >= 512
    assert rate(sliced) < rate(whole)


def test_the_resolved_text_says_the_same(made: Maker) -> None:
    found = made(f"{MODEL}stack = 'nemo-2024'\n{PLAN}recompute = 'full'\nzero = 3\nprecision = 'bf16'\n")
    text = resolved_toml(found)
    assert "[parallelism]" in text
    (made.folder / "base.toml").write_text(text)
    assert made() == found


@pytest.mark.parametrize(
    ("addition", "path", "words"),
    [
        (f"{MODEL}[parallelism]\ntensor = 3\n", "parallelism", "no legal plan for 64 accelerators with tp=3 fixed"),
        (f"{MODEL}[parallelism]\nexpert = 2\n", "parallelism", "no legal plan has ep=2"),
        (f"{MODEL}[parallelism]\ntensr = 2\n", "parallelism.tensr", "did you mean 'tensor'"),
        (f"{MODEL}stack = 'nemo-2042'\n", "throughput.stack", "did you mean 'nemo-2025'"),
        (f"{MODEL}mfu = 0.4\n", "throughput.mfu", "contradicts throughput.method = 'model'"),
        (f"without = ['model']\n{MODEL}", "throughput.method", "needs model.architecture"),
        (f"{MODEL}[parallelism]\nzero = 4\n", "parallelism.zero", "expected 0 (nothing"),
    ],
)
def test_mistakes_have_a_place_and_a_reason(made: Maker, addition: str, path: str, words: str) -> None:
    with pytest.raises(ScenarioError) as error:
        made(addition)
    assert any(issue.path == path and words in issue.message for issue in error.value.issues), error.value.issues


def test_a_plan_that_does_not_fit_names_what_overflows(made: Maker) -> None:
    with pytest.raises(
        ScenarioError, match=r"GiB too much; the largest part is [a-z ]+, .* the nearest plan that fits is tp"
    ) as error:
        made(f"{MODEL}[parallelism]\ntensor = 1\npipeline = 1\nzero = 0\n", "model.architecture=llama-65b")
    assert error.value.issues[0].path == "parallelism"


def test_fp8_needs_an_accelerator_that_has_it(made: Maker) -> None:
    """An A100 has no FP8; as if it had, its steps were 3 % faster."""
    sets = ["parallelism.precision=fp8", "throughput={method='model'}"]
    assert "knows no FP8 of a100-sxm-80gb" in made.issues("", *sets)["parallelism"]
    assert made("", *sets, "cluster.accelerator=h100-sxm").stages


def test_days_carry_the_spread_of_the_model(made: Maker) -> None:
    found = made(f"without = ['failures']\n{MODEL}{PLAN}[checkpoint]\npolicy = 'none'\n")
    days = np.asarray(estimate(found, range(4000)).wall_s)
    low, high = np.quantile(days, [0.1, 0.9])
    assert np.log(high / low) == pytest.approx(2 * DECILE * found.efficiency_sigma, rel=0.05)


def test_the_shipped_run_by_plan_holds_the_published_hours() -> None:
    """2.664M H800-hours, net: arXiv 2412.19437 Table 1."""
    found = scenario("deepseek-v3")
    hours = sum(stage.work_s * stage.accelerators / 3600 for stage in found.stages)
    assert hours == pytest.approx(2_664_000, rel=0.15)
    assert hours * np.exp(-DECILE * found.efficiency_sigma) <= 2_664_000
    speeds = [stage.mfu or 0.0 for stage in found.stages]
    assert speeds == sorted(speeds)  # small batches first
