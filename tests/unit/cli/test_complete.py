"""What a shell is offered after Tab, asked as bash asks."""

import pytest
from typer.testing import CliRunner

from analysis.cli.main import app


def offered(words: str) -> list[str]:
    """Return what bash would offer for the last word."""
    typed = words.split(" ")
    asked = {"_FLOPCAST_COMPLETE": "complete_bash", "COMP_WORDS": words.strip(), "COMP_CWORD": str(len(typed) - 1)}
    return CliRunner().invoke(app, [], prog_name="flopcast", env=asked).stdout.split()


@pytest.mark.parametrize(
    ("words", "offer"),
    [
        ("flopcast sens", ["sensitivity"]),
        ("flopcast run llama3", ["llama3-405b"]),
        ("flopcast explain vela", ["vela-13b"]),
        ("flopcast compare what-if-rent what-if-o", ["what-if-own"]),
        ("flopcast lifecycle choices/train choices/ql", ["choices/qlora"]),
        ("flopcast report clu", ["clusters/vela-busy-day"]),
        ("flopcast cluster clu", ["clusters/vela-busy-day"]),
        ("flopcast own h1", ["h100-sxm", "h100-pcie"]),
        ("flopcast show fail", ["failures"]),
        ("flopcast show models llama-3.2", ["llama-3.2-1b", "llama-3.2-3b"]),
        ("flopcast show prices b2", ["b200-sxm"]),
        ("flopcast run llama-65b --prec", ["--precision"]),
    ],
)
def test_names_are_completed(words: str, offer: list[str]) -> None:
    assert offered(words) == offer


@pytest.mark.parametrize("words", ["flopcast run my-own", "flopcast show nothing h", "flopcast cluster llama-65b"])
def test_where_nothing_fits_the_shell_offers_its_files(words: str) -> None:
    assert offered(words) == []
