"""The roofline of serving at long contexts: what attention adds, what a window takes off, what has to fit."""

from dataclasses import replace

import pytest

from simulator.workload.architecture import Architecture
from simulator.workload.serving import FOR_ALL, Machine, cached_bytes, token_time

LLAMA_8B = Architecture(layers=32, hidden=4096, heads=32, kv_heads=8, ffn=14336, vocab=128256, seq=8192)
LLAMA_65B = Architecture(layers=80, hidden=8192, heads=64, ffn=22016, vocab=32000, seq=2048)
H100 = Machine(peak_flop_per_s=989e12, hbm_bytes=80 * 2**30, hbm_bytes_per_s=3.35e12)
LONG = 131_072


def test_attention_takes_most_of_a_long_prompt() -> None:
    """A token meets 32 layers of 4,096 channels twice (scores, values), over half of the context on the mean."""
    attention = 2 * 2 * 32 * 4096 * LONG / 2
    expected = (2 * 8_030_261_248 + attention) / (0.4 * 989e12)
    assert attention > 2 * 8_030_261_248
    assert token_time(LLAMA_8B, H100, context=LONG).read_s == pytest.approx(expected)


def test_a_written_token_that_compute_bounds_meets_the_whole_context() -> None:
    wide = Machine(peak_flop_per_s=989e12, hbm_bytes=80 * 2**30, hbm_bytes_per_s=1e18)
    expected = (2 * 8_030_261_248 + 2 * 2 * 32 * 4096 * LONG) / (0.4 * 989e12)
    assert token_time(LLAMA_8B, wide, context=LONG).written_s == pytest.approx(expected)


@pytest.mark.parametrize(("context", "machines"), [(1000, 4), (LONG, 8), (8 * LONG, 64)])
def test_a_copy_of_the_model_holds_one_sequence(context: int, machines: int) -> None:
    """2.6 MB a token: 344 GB at 128k beside 131 GB of weights, which four H100 do not hold."""
    assert token_time(LLAMA_65B, H100, context=context).machines == machines
    needed = 2 * LLAMA_65B.parameters + cached_bytes(LLAMA_65B, context, 2.0)
    assert needed <= FOR_ALL * machines * H100.hbm_bytes


@pytest.mark.parametrize("context", [64, 1000, LONG])
def test_windowed_layers_keep_and_meet_no_more_than_the_window(context: int) -> None:
    """24 of 32 layers look back 1,024 tokens: they hold, and are scored against, min(context, 1024)."""
    shape = replace(LLAMA_8B, window=1024, windowed_layers=24)
    held = 8 * context + 24 * min(context, 1024)
    assert cached_bytes(shape, context, 2.0) == held * 2 * 8 * 128 * 2
    assert cached_bytes(LLAMA_8B, context, 2.0) == 32 * context * 2 * 8 * 128 * 2
    wide = Machine(peak_flop_per_s=989e12, hbm_bytes=80 * 2**30, hbm_bytes_per_s=1e18)
    times = token_time(shape, wide, context=context)
    read = sum(8 * (i - 0.5) + 24 * min(i - 0.5, 1024) for i in range(1, context + 1)) / context
    parameters = 2 * 8_030_261_248
    assert times.read_s == pytest.approx((parameters + 2 * 2 * 4096 * read) / (0.4 * 989e12))
    assert times.written_s == pytest.approx((parameters + 2 * 2 * 4096 * held) / (0.4 * 989e12))
