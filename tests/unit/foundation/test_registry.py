"""Kinds by name, ours and those of other distributions."""

from importlib.metadata import EntryPoint

import pytest

from simulator.foundation.registry import Registry


def laws() -> Registry[type]:
    found = Registry[type]("failure law", group="example.laws")
    found.register("exponential")(float)
    found.register("weibull")(int)
    return found


def test_members() -> None:
    found = laws()
    assert found["weibull"] is int
    assert list(found) == ["exponential", "weibull"]
    assert len(found) == 2
    assert "weibull" in found


def test_an_unknown_name_says_what_is_known() -> None:
    with pytest.raises(KeyError, match=r"failure law 'weibul' is not known, did you mean 'weibull'\? Allowed: exp"):
        laws()["weibul"]


def test_a_name_is_taken_once() -> None:
    with pytest.raises(ValueError, match="'weibull' is registered already, by <class 'int'>"):
        laws().register("weibull")(str)


def test_entry_points_join_and_do_not_displace(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def found(*, group: str) -> list[EntryPoint]:
        calls.append(group)
        return [EntryPoint("theirs", "decimal:Decimal", group), EntryPoint("weibull", "decimal:Decimal", group)]

    monkeypatch.setattr("importlib.metadata.entry_points", found)
    members = laws()
    assert members["exponential"] is float
    assert calls == []  # what is known needs no search
    assert members["theirs"].__name__ == "Decimal"
    assert members["weibull"] is int
    assert len(members) == 3
    assert calls == ["example.laws"]
