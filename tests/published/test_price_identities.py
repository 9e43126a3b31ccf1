"""Published and seed dollar figures, to the cent.

Sources: the seed's arithmetic; arXiv 2302.13971 Table 15 (LLaMA hours); arXiv 2204.02311 (PaLM chips and hours);
arXiv 2412.19437 Table 1 (DeepSeek-V3); Karpathy's posts on GPT-2 and nanochat.
"""

from datetime import date

import pytest

from simulator.pricing.book import price_book
from simulator.pricing.ledger import total
from simulator.pricing.ownership import Ownership, usd_per_accelerator_h
from simulator.pricing.terms import Negotiated, OnDemand, PriceTerm, Usage, Use

GPU = (
    price_book()
    .lookup("a100-80gb", provider="gcp", region="us-central1", date=date(2022, 12, 12))
    .usd_per_accelerator_h
)
CHIP = price_book().lookup("tpu-v4", provider="gcp", date=date(2022, 5, 11)).usd_per_accelerator_h
LLAMA = Usage.of(2048, 21 * 24)
PALM = Usage(uses=(Use("pods", "", 6144 * 1200.0), Use("pod", "", 3072 * 336.0)), wall_h=1536.0)


def cents(term: PriceTerm, usage: Usage) -> float:
    return round(total(term.charge(usage)).billed_usd, 2)


def test_palm_used_8404992_chip_hours() -> None:
    assert PALM.accelerator_hours == 8_404_992


@pytest.mark.parametrize(
    ("term", "usage", "usd"),
    [
        (OnDemand(usd_per_accelerator_h=GPU), LLAMA, 4_056_514.56),
        (OnDemand(usd_per_accelerator_h=GPU), Usage.of(1, 1_022_362), 4_017_882.66),
        (Negotiated(usd_per_accelerator_h=GPU, discount=0.5), LLAMA, 2_028_257.28),
        (Negotiated(usd_per_accelerator_h=GPU, discount=0.8), LLAMA, 811_302.91),
        (OnDemand(usd_per_accelerator_h=CHIP), PALM, 27_064_074.24),
    ],
)
def test_seed_figures(term: PriceTerm, usage: Usage, usd: float) -> None:
    assert cents(term, usage) == usd


def test_the_ends_of_the_prior_are_the_seeds_negotiated_pair() -> None:
    prior = Negotiated(usd_per_accelerator_h=GPU)
    assert (cents(prior.at(0), LLAMA), cents(prior.at(1), LLAMA)) == (2_028_257.28, 811_302.91)


def test_deepseek_v3() -> None:
    rate = price_book().lookup("h800", date=date(2025, 1, 1)).usd_per_accelerator_h
    hours = (Use("pre_training", "", 2.664e6), Use("context", "", 0.119e6), Use("post_training", "", 0.005e6))
    assert cents(OnDemand(usd_per_accelerator_h=rate), Usage(uses=hours, wall_h=1360.0)) == 5_576_000


def test_gpt_2_on_boards_of_four_chips() -> None:
    """$8 an hour is a v3-8 board, four chips: 32 boards for a week."""
    chip = (
        price_book().lookup("tpu-v3", provider="gcp", region="us-central1", date=date(2019, 7, 1)).usd_per_accelerator_h
    )
    assert cents(OnDemand(usd_per_accelerator_h=chip), Usage.of(32 * 4, 168)) == 43_008


def test_nanochat_on_a_node_of_eight() -> None:
    gpu = price_book().lookup("h100", provider="lambda", date=date(2026, 1, 31)).usd_per_accelerator_h
    assert cents(OnDemand(usd_per_accelerator_h=gpu), Usage.of(8, 3.04)) == 72.96


def test_llama_on_other_bases() -> None:
    """GCP with its host $5.14M, AWS on demand $5.23M, its three-year commitment $1.5M."""
    hours = 1_022_362
    host = price_book().lookup("a100-80gb", term="host", date=date(2026, 1, 1)).usd
    assert hours * (GPU + host) == pytest.approx(5.14e6, rel=0.002)
    aws = price_book().lookup("a100-80gb", provider="aws", date=date(2022, 12, 12)).usd
    assert hours * aws == pytest.approx(5.23e6, rel=0.002)
    committed = price_book().lookup("a100-any", provider="aws", term="commit_3y", date=date(2022, 12, 12)).usd
    assert hours * committed == pytest.approx(1.5e6, rel=0.02)


def test_llama_owned_and_amortised() -> None:
    """$0.58M: the published hours on machines that are paid off evenly over five years, and nothing else.

    The theory states the sum and no inputs. Of the inputs that it names, these give it: a DGX A100 at its launch, which
    the book has at $199,000 for eight (2020-05-21, with the server and without the cluster's network), the longer of
    its two lives, every hour in use, no interest, no place, no electricity. A bare chip at $15,000 times the server
    over chip of 1.64 gives $574,203. What `flopcast own` calls the cost of an hour has the rest in it.
    """
    rows = [row for row in price_book().catalogue if row.term == "purchase" and row.accelerator == "a100-sxm-40gb"]
    [launch] = [row for row in rows if row.date_from == date(2020, 5, 21)]
    assert launch.usd == 24_875
    bare = Ownership(server_usd=launch.usd, network_share=0.0, life_years=5.0, capital_rate=0.0, power_w=812.5,
                     usd_per_kwh=0.0, colocation_usd_per_kw_month=0.0, utilisation=1.0)  # fmt: skip
    assert round(usd_per_accelerator_h(bare) * 1_022_362, 2) == 580_622.25
    whole = Ownership(server_usd=launch.usd, life_years=5.0, power_w=812.5)  # with interest, network, place, power
    assert usd_per_accelerator_h(whole) * 1_022_362 == pytest.approx(1.524e6, rel=0.001)
