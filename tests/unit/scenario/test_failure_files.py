"""Failure catalogues of one's own: found beside the scenario, and checked."""

import pytest

from tests.unit.scenario.maker import Maker

GOOD = """
[fleet]
title = "Our fleet"
source = "our log"
date = 2024-05-01
evidence = "D"
repair_mean_s = 7200
[fleet.gpu]
rate_per_1000_node_days = 4.0
kind = "fail_stop"
nodes_lost = 1
[fleet.net]
rate_per_1000_node_days = 1.5
kind = "hang"
"""
ABOUT = "source = 'x'\ndate = 2024-05-01\nevidence = 'D'\n"


def test_a_file_beside_the_scenario(made: Maker) -> None:
    (made.folder / "fleet.toml").write_text(GOOD)
    found = made("[failures]\ncatalogue = 'fleet.toml'\n")
    assert {cause.name: round(cause.rate_per_node_s * 86.4e6, 9) for cause in found.causes} == {"gpu": 4.0, "net": 1.5}
    assert found.causes[0].repair_s == 7200
    assert found.causes[1].kind == "hang"
    assert found.causes[0].source == "our log"


def test_a_file_with_several_catalogues_needs_a_key(made: Maker) -> None:
    (made.folder / "two.toml").write_text(GOOD + GOOD.replace("fleet", "other").replace("4.0", "40.0"))
    found = made("[failures]\ncatalogue = 'two.toml#other'\n")
    assert found.causes[0].rate_per_node_s == pytest.approx(40 / 86.4e6)
    issues = made.issues("[failures]\ncatalogue = 'two.toml'\n")
    assert issues["failures.catalogue"] == "two.toml: has several catalogues; name one, as in two.toml#fleet"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "cannot be read"),
        ("a = 1", "no catalogue in it"),
        ("[a", "not TOML"),
        ("[a]\n[a.x]\nrate_per_1000_node_days = 1", "source is missing"),
        (f"[a]\n{ABOUT}[a.x]\nkind = 'hang'", "a.x: rate_per_1000_node_days is missing"),
        (f"[a]\n{ABOUT}[a.x]\nrate_per_1000_node_days = nan", "nan is no amount"),
        (f"[a]\n{ABOUT}[a.x]\nrate_per_1000_node_days = -1", "-1 is no amount"),
        (f"[a]\n{ABOUT}[a.x]\nrate_per_1000_node_days = inf", "inf is no amount"),
        (f"[a]\n{ABOUT}[a.x]\nrate_per_1000_node_days = 'many'", "expected a number, found 'many'"),
        (f"[a]\n{ABOUT}[a.x]\nrate_per_1000_node_days = 1", "a.x.kind: is missing"),
        (f"[a]\n{ABOUT}[a.x]\nrate_per_1000_node_days = 1\nkind = 'hangs'", "did you mean 'hang'"),
        (f"[a]\n{ABOUT}[a.x]\nrate_per_1000_node_days = 1\n[a.x.y]\nz = 1", "a cause has no tables in it"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_file_is_said(made: Maker, text: str | None, said: str) -> None:
    if text is not None:
        (made.folder / "bad.toml").write_text(text)
    found = made.issues("[failures]\ncatalogue = 'bad.toml'\n")["failures.catalogue"]
    assert found.startswith("bad.toml: ")
    assert said in found


def test_a_key_that_is_not_there(made: Maker) -> None:
    (made.folder / "fleet.toml").write_text(GOOD)
    found = made.issues("[failures]\ncatalogue = 'fleet.toml#fleat'\n")["failures.catalogue"]
    assert "did you mean 'fleet'" in found
