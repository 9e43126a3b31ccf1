"""The report as PDF, and clear words where it cannot be made."""

import builtins
import sys
from pathlib import Path

import pytest

from analysis.cli.report import NoPdfError, pdf, report


def test_a_report_becomes_a_pdf(tmp_path: Path) -> None:
    pytest.importorskip("weasyprint", reason="the extra pdf or Pango is not installed", exc_type=(ImportError, OSError))
    report("llama-65b-seed", out=tmp_path / "r.pdf", replicas=10)
    content = (tmp_path / "r.pdf").read_bytes()
    assert content.startswith(b"%PDF")
    assert len(content) > 50_000


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def lacking(name: str, *rest: object) -> object:
        if name == "weasyprint":
            raise ImportError(name)
        return real(name, *rest)  # type: ignore[arg-type]

    monkeypatch.delitem(sys.modules, "weasyprint", raising=False)
    monkeypatch.setattr(builtins, "__import__", lacking)
    with pytest.raises(NoPdfError, match=r"flopcast\[pdf\]"):
        pdf("")
