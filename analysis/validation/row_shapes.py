"""The architecture of a row of a table: from the catalogue by name, from columns, or from the size alone."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from analysis.validation.row_cells import billions, context, whole
from simulator.catalogue.reader import entry, fold, read
from simulator.workload.architecture import Architecture, architecture

GATED: Final = re.compile(
    r"llama|mistral|mixtral|qwen|deepseek|grok|gemma|smollm|palm|dbrx|\byi\b|olmo|internlm|baichuan|glm|kimi|oss",
    re.IGNORECASE,
)
SPARSE: Final = 0.8  # active over all parameters, below which a model is a mixture of experts
EXPERTS_PER_TOKEN: Final = 8  # where a mixture's shape is not known; assumption: current ones take 4 to 8
STATE_SPACE: Final = re.compile(r"mamba|jamba|nemotron[-_ ]*(h\b|3[-_ ]*(nano|super|ultra))", re.IGNORECASE)
MOST_LAYERS: Final = 10_000
EXPERT_SHARE: Final = 0.82  # of "8 x 7B" that is there once attention and embedding are shared: Mixtral 46.7 of 56B
ACTIVE_SHARE: Final = 0.277  # active of all parameters, two experts of eight: Mixtral 12.9 of 46.7B


def shape_of_row(words: Mapping[str, str]) -> tuple[Architecture, list[str]]:
    """Return the architecture of a row, and what of it was inferred.

    Raises
    ------
    ValueError
        If neither shape nor size is known, or the columns contradict each other.
    """
    shape = {name: whole(words[name]) for name in ("layers", "hidden", "heads", "kv_heads", "ffn", "vocab")}
    shape["seq"] = context(words["seq"])
    if (shape["layers"] or 1) > MOST_LAYERS:
        raise ValueError(f"layers={shape['layers']}: expected at most {MOST_LAYERS}")
    known = _catalogued(words["model"])
    if known is not None:
        changes: dict[str, Any] = {name: value for name, value in shape.items() if value is not None and name != "seq"}
        if known.experts is not None and changes.get("ffn") != known.ffn:
            changes.pop("ffn", None)  # which of a mixture's widths a table gives is anybody's guess
        if "layers" in changes and changes["layers"] < known.layers:
            counts = {name: getattr(known, name) for name in ("dense_layers", "windowed_layers")}
            shrink = changes["layers"] / known.layers
            changes |= {name: max(1, round(count * shrink)) for name, count in counts.items() if count}
        return replace(known, **changes), []
    total, active = sizes(words)
    inferred = []
    if shape["layers"] is None or shape["hidden"] is None:
        shape["layers"], shape["hidden"] = _by_size(words["model"], active or total)
        inferred = ["architecture"]
    plain = _plain(words["model"], total, shape)
    if total and active and active < SPARSE * total:
        ranks = whole(words["ep"]) or 1
        mixture = _mixture(plain, total * 1e9, active * 1e9, stated_ffn=shape["ffn"] is not None, ranks=ranks)
        return mixture, ["experts", *inferred]
    return plain, inferred


def sizes(words: Mapping[str, str]) -> tuple[float | None, float | None]:
    """Return all and active parameters in billions, by column or by name.

    Examples
    --------
    >>> blank = {"params_b": "", "active_b": ""}
    >>> sizes(blank | {"model": "Acme-100B-A10B"}), sizes(blank | {"model": "Acme 34B chat"})
    ((100.0, 10.0), (34.0, None))
    >>> tuple(round(size, 1) for size in sizes(blank | {"model": "Acme 8x7B"}))
    (45.9, 12.7)
    """
    total, active = billions(words["params_b"]), billions(words["active_b"])
    model = words["model"]
    many = re.search(r"(\d+)\s*x\s*(\d+(?:\.\d+)?)\s*b", model, re.IGNORECASE)
    if many and total is None:
        total = EXPERT_SHARE * int(many[1]) * float(many[2])
        return total, active or ACTIVE_SHARE * total * 8 / int(many[1])
    few = re.search(r"\d\s*[bt][-_ ]*a(\d+(?:\.\d+)?)\s*b", model, re.IGNORECASE)
    if few and active is None:
        active = float(few[1])
    return total or _size_in(model), active


def _mixture(plain: Architecture, total: float, active: float, *, stated_ffn: bool, ranks: int) -> Architecture:
    """The mixture of experts with these parameters: as many experts, and as many for a token, as the two sizes mean.

    The experts fill the ranks of expert parallelism that are stated.
    """
    fixed = plain.layers * plain.attention_matrix + plain.embedding_parameters
    routed, visited = total - fixed, max(active - fixed, 0.1 * active)
    one = plain.layers * plain.dense_matrix
    taken = max(1, round(visited / one))
    width = plain.ffn if stated_ffn and visited < 1.5 * taken * one and taken <= routed / one else None
    if width is None:
        taken = EXPERTS_PER_TOKEN
        width = max(1, round(visited / taken / plain.layers / plain.hidden / (3 if plain.gated else 2)))
    each = plain.layers * plain.hidden * width * (3 if plain.gated else 2)
    experts = ranks * max(round(routed / each / ranks), -(-taken // ranks))
    return replace(plain, experts=experts, experts_per_token=taken, expert_ffn=width)


def _plain(model: str, size: float | None, shape: Mapping[str, int | None]) -> Architecture:
    """A shape from columns; what they leave open (gate, shared embedding, head width) is chosen to match the size."""
    hidden = shape["hidden"] or 1
    gated = bool(GATED.search(model)) or shape["ffn"] not in {None, 4 * hidden}
    plain = _guess(shape, gated=gated, tied=not gated)
    if size is None or shape["ffn"] is None:
        return plain
    guesses = [
        _guess(shape, gated=gate, tied=tied, head_dim=width, learned_positions=positions)
        for gate in dict.fromkeys((gated, bool(GATED.search(model))))
        for width in (None, 128, 256)
        for positions in (None, shape["seq"])
        for tied in (not gated, gated)
    ]
    return min((plain, *guesses), key=lambda guess: round(abs(guess.parameters / size / 1e9 - 1), 2))


def _guess(
    shape: Mapping[str, int | None],
    *,
    gated: bool,
    tied: bool,
    head_dim: int | None = None,
    learned_positions: int | None = None,
) -> Architecture:
    hidden = shape["hidden"] or 1
    default_ffn = 4 * hidden if not gated else 128 * max(1, round(hidden * 8 / 3 / 128))
    heads = shape["heads"] or max(1, hidden // 128)
    return Architecture(
        layers=shape["layers"] or 1,
        hidden=hidden,
        heads=heads,
        kv_heads=shape["kv_heads"],
        head_dim=head_dim if hidden % heads == 0 or head_dim else 128,
        ffn=shape["ffn"] or default_ffn,
        vocab=shape["vocab"] or (32000 if gated else 51200),
        seq=shape["seq"] or 4096,
        gated=gated,
        tied=tied,
        learned_positions=learned_positions,
    )


def _catalogued(model: str) -> Architecture | None:
    """The catalogue's architecture for a name such as ``llama3-70b-12layers`` or ``Nemotron-340B``, if any."""
    name = fold(re.sub(r"[-_ ]?\d+ ?l(ayers?)?\b|\(.*\)", "", model, flags=re.IGNORECASE))
    key = _named(name)
    return None if key is None else architecture(entry("architectures", key).values)


def _named(words: str) -> str | None:
    """The entry whose name the words begin with, punctuation apart: the longest of at least five with a digit."""
    squeezed = _squeezed(words)
    names = {_squeezed(name): key for key, fact in read("architectures").items() for name in (key, *fact.aliases)}
    if squeezed in names:
        return names[squeezed]
    fitting = [
        name
        for name in names
        if len(name) >= 5
        and any(letter.isdigit() for letter in name)
        and squeezed.startswith(name)
        and not squeezed.partition(name)[2][:1].isdigit()
    ]
    return names[max(fitting, key=len)] if fitting else None


def _squeezed(words: str) -> str:
    return re.sub(r"[^a-z0-9]", "", words.lower())


def _by_size(model: str, stated: float | None) -> tuple[int, int]:
    """Layers and width of a plain model by its size: width about 128 times depth, as GPT-3 and its kin."""
    if stated is None:
        if STATE_SPACE.search(model):
            why = "layers of a state space are not modelled; with params_b it is taken for a transformer of that size"
            raise ValueError(f"model {model!r}: {why}")
        raise ValueError(f"model {model!r}: neither shape (layers, hidden) nor size (params_b) is known")
    hidden = max(256, 256 * round((stated * 1e9 * 128 / 12) ** (1 / 3) / 256))
    return max(1, round(stated * 1e9 / (12 * hidden**2))), hidden


def _size_in(model: str) -> float | None:
    found = re.search(r"(\d+(?:\.\d+)?)\s*([bmt])\b", model, re.IGNORECASE)
    if not found:
        return None
    return float(found[1]) * {"m": 1e-3, "b": 1.0, "t": 1e3}[found[2].lower()]
