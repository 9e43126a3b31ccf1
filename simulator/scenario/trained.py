"""The model of a scenario: parameters and FLOPs per token, from the catalogue, a ``config.json`` or a table."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path as FilePath
from typing import Any

from simulator.foundation.issues import shorten
from simulator.foundation.units import show
from simulator.scenario import keys
from simulator.scenario.findings import Findings
from simulator.scenario.schema import Document
from simulator.workload.architecture import Architecture, architecture, six_n_d, training_flops

ARCHITECTURE = ("model", "architecture")
LARGEST_CONFIG_BYTES = 4 * 2**20
MUCH = 0.4  # share of attention in a model's FLOPs above which the context length is worth a word


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """What one token costs, and how large the state is.

    Parameters
    ----------
    shape : Architecture
        Exact shape.
    sequence : int
        Context length [tokens].
    flop_per_token : float
        Model FLOPs forward and backward, attention counted in full: the convention in which papers state MFU
        (PaLM, arXiv 2204.02311, appendix B).
    six_n : float
        Six times the active parameters, the convention of published hours [FLOP/token].
    """

    shape: Architecture
    sequence: int
    flop_per_token: float
    six_n: float


def trained(document: Document, findings: Findings) -> Trained | None:
    """Count the model; None where the scenario names none, or with a problem noted."""
    named = document.model.architecture
    if named is None:
        return None
    try:
        shape = shape_of(named, findings)
    except (ValueError, TypeError, ArithmeticError, AttributeError, KeyError) as error:
        findings.problem(ARCHITECTURE, f"{shorten(str(error), 300)}")
        return None
    sequence = document.model.sequence or shape.seq
    if document.model.sequence is None:
        findings.fact(("model", "sequence"), f"{sequence}", "context length of the architecture")
    flops = training_flops(shape, seq=sequence, causal=False)
    flop, attention = flops.model_flop, flops.attention_flop / flops.model_flop
    speed = document.throughput.tokens_per_second_per_accelerator or document.throughput.step_time
    if document.model.sequence is None and speed is None and attention > MUCH:
        findings.warn(
            f"All training is taken to use the {sequence:,} tokens of context that the architecture allows: attention "
            f"is {100 * attention:.0f} % of the FLOPs. State model.sequence if it is shorter."
        )
    findings.fact((*ARCHITECTURE, "parameters"), f"{shape.parameters:.6g}", "counted from the architecture", "D")
    if shape.active_parameters != shape.parameters:
        findings.fact((*ARCHITECTURE, "active_parameters"), f"{shape.active_parameters:.6g}",
                      "counted: what one token meets, with its experts", "D")  # fmt: skip
    back = f", but over {shape.window} in {shape.windowed} of {shape.layers} layers" if shape.windowed else ""
    findings.fact((*ARCHITECTURE, "flop_per_token"), f"{flop:.6g}",
                  f"counted, attention in full over {sequence} tokens{back}", "D")  # fmt: skip
    return Trained(shape=shape, sequence=sequence, flop_per_token=flop, six_n=six_n_d(shape))


def shape_of(named: str | Mapping[str, Any], findings: Findings) -> Architecture:
    """Return the shape that a key, a path or a table means."""
    if not isinstance(named, str):
        return architecture(named)
    if named.endswith(".json"):
        return architecture(table_of_config(named, findings))
    from simulator.catalogue.reader import entry

    fact = entry("architectures", named)
    findings.fact((*ARCHITECTURE, "entry"), f"{fact.key}: {fact.title}", fact.source, fact.evidence)
    wanted = {field.name: str(field.type) for field in fields(Architecture)}
    return architecture({
        name: int(value) if isinstance(value, float) else value
        for name, value in fact.values.items() if name in wanted
    })  # fmt: skip


def table_of_config(path: str, findings: Findings) -> Mapping[str, Any]:
    """Read a Hugging Face ``config.json``, relative to the file that names it, into a table of counts.

    Raises
    ------
    ValueError
        If the file cannot be read or describes no architecture that we know.
    """
    from simulator.workload.hugging_face import from_hugging_face

    try:
        config = json.loads(_bytes_of(findings.loaded.file(ARCHITECTURE, path)))
    except OSError as error:
        raise ValueError(f"{shorten(path)!r} cannot be read: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{shorten(path)!r} is not JSON: {error}") from None
    if not isinstance(config, dict):
        raise ValueError(f"{path!r} is JSON, but not an object")
    try:
        shape = from_hugging_face(config)
        table = {f.name: value for f in fields(shape) if (value := getattr(shape, f.name)) is not None}
        keys.architecture(table)
    except ValueError as error:
        raise ValueError(f"{shorten(path)}: {error}") from None
    except (TypeError, ArithmeticError, AttributeError, KeyError) as error:
        raise ValueError(f"{path!r} describes no architecture: {error}") from None
    shown = show(shape.parameters / 1e9, "count")
    findings.fact((*ARCHITECTURE, "entry"), f"{path}: {shown}B parameters", "Hugging Face configuration", "P")
    return table


def _bytes_of(file: FilePath) -> bytes:
    if file.exists() and not file.is_file():
        raise OSError("not a file")
    if file.exists() and file.stat().st_size > LARGEST_CONFIG_BYTES:
        raise OSError("larger than 4 MiB, which is no config.json")
    return file.read_bytes()
