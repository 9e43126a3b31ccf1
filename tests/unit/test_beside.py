"""Files that lie beside the repository: found by one rule, and a test without its file is skipped with a reason."""

from pathlib import Path

import pytest

from tests import beside

TESTS = Path(__file__).parents[1]


@pytest.mark.parametrize("folder", ["data", "data/open"])
def test_a_missing_folder_and_a_missing_file_skip_with_a_reason(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data").mkdir()
    monkeypatch.setenv("FLOPCAST_TRACES", str(tmp_path / folder))
    for find, name in ((beside.trace, "open/log.csv"), (beside.truth, "runs.csv")):
        with pytest.raises(pytest.skip.Exception, match=rf"{name.split('/')[-1]} is no part .* FLOPCAST_TRACES names"):
            find(name)


def test_files_that_are_here_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOPCAST_TRACES", str(tmp_path / "data"))
    for name in ("data/log.csv", "truth/runs.csv"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).touch()
    assert beside.trace("log.csv") == tmp_path / "data" / "log.csv"
    assert beside.truth("runs.csv") == tmp_path / "truth" / "runs.csv"


def test_no_test_looks_for_them_in_another_way() -> None:
    """Those that set the variable are free to; none reads it."""
    sources = {file.relative_to(TESTS): file.read_text(encoding="utf-8") for file in TESTS.rglob("*.py")}
    assert sources[Path("beside.py")]
    own = Path(__file__).relative_to(TESTS)
    assert [name for name, text in sources.items() if name != own and 'environ.get("FLOPCAST_TRACES"' in text] == []
