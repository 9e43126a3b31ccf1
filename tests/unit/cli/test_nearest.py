"""Unknown words are answered with the word that was meant, of all the lists that the place allows."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from analysis.cli.main import app

JOBS = """
title = "two jobs"
[cluster]
accelerator = "h100-sxm"
accelerators = 64
[[queue.jobs]]
accelerators = 8
{word} = "2 h"
"""


def refusal(*words: str) -> str:
    return str(CliRunner().invoke(app, list(words)).exception)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["own", "h100sxm"], "'h100sxm' is not known, did you mean 'h100-sxm'? Allowed: a100-pcie-40gb, "),
        (["own", "llama65b"], "did you mean 'llama-65b'?"),
        (["own", "trilium"], "did you mean 'trillium'?"),
        (["own", "my.toml"], "my.toml: there is no such file"),
        (["run", "llama-65b", "--set", "pricing.provider=gpc"],
         "; provider 'gpc' is not known, did you mean 'gcp'? Allowed: aws, "),
        (["run", "llama-65b", "--set", "pricing.provider=gpc"], "; or state pricing.rate"),
        (["run", "llama-65b", "--set", "pricing.provider=gpc"], "--set: pricing.provider: no price for a100"),
        (["run", "llama-65b", "--set", "pricing.region=us-centrl1"],
         "; region 'us-centrl1' is not known, did you mean 'us-central1'?"),
        (["run", "llama-65b", "--set", "pricing.region=us-east-1"], "nearest rows:"),
        (["budget", "$5M", "--provider", "gpc"], "provider 'gpc' is not known, did you mean 'gcp'?"),
    ],
)  # fmt: skip
def test_the_word_that_was_meant(words: list[str], message: str) -> None:
    assert message in refusal(*words)


@pytest.mark.parametrize(("word", "key"), [("duration", "run"), ("submit_time", "at"), ("gpus", "accelerators"),
                                           ("prioritty", "priority"), ("jobid", "name")])  # fmt: skip
def test_jobs_are_told_the_key_for_a_word_of_logs(tmp_path: Path, word: str, key: str) -> None:
    file = tmp_path / "jobs.toml"
    file.write_text(JOBS.format(word=word))
    assert f"jobs.toml:8: queue.jobs[0].{word}: '{word}' is not known, did you mean '{key}'?" in refusal(
        "run", str(file)
    )


def test_words_of_logs_are_for_jobs_alone(tmp_path: Path) -> None:
    file = tmp_path / "jobs.toml"
    file.write_text(JOBS.format(word="run") + "[[queue.services]]\nduration = 3\n")
    assert "did you mean 'run'" not in refusal("run", str(file))
