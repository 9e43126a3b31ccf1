"""How benchmarks end: one place for all of them, and no traceback where nobody reads on."""

import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"
BENCHMARKS = sorted(FOLDER.glob("bench_*.py"))
KEPT = "import promises; promises.finish(lambda: [promises.promise('it', 1.5, '', {}) for _ in range({})].count(False))"


def ended(words: str) -> subprocess.CompletedProcess[str]:
    """Run some Python where benchmarks are."""
    return subprocess.run([sys.executable, "-c", words], cwd=FOLDER, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("file", BENCHMARKS, ids=[file.stem for file in BENCHMARKS])
def test_every_benchmark_ends_in_one_place(file: Path) -> None:
    assert file.read_text(encoding="utf-8").endswith('\n\n\nif __name__ == "__main__":\n    finish(main)\n')


def test_a_promise_that_is_broken_is_told_and_counts() -> None:
    good, bad = ended(KEPT.format(2.0, 1)), ended(KEPT.format(1.0, 1))
    assert (good.returncode, good.stdout.split()) == (0, ["kept", "1.50", "(promised:", "at", "most", "2)", "it"])
    assert (bad.returncode, bad.stdout.split()[0]) == (1, "BROKEN")


@pytest.mark.parametrize("flush", [True, False])
def test_an_output_that_nobody_reads_on_ends_without_a_traceback(flush: bool) -> None:
    """As ``| head`` does: the reader goes after the first line, whether or not the writer flushes each."""
    many = KEPT.format(2.0, 100_000) if flush else "import promises; promises.finish(lambda: print('it\\n' * 100_000))"
    words = [sys.executable, "-c", many]
    with subprocess.Popen(words, cwd=FOLDER, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline()
        process.stdout.close()
        said = process.stderr.read()
    assert (process.returncode, said) == (1, b"")
