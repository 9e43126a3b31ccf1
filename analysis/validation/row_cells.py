"""Cells of a table of measurements, in the spellings that people use: numbers with units, chips, modes."""

import math
import re
from collections.abc import Mapping
from typing import Final

from simulator.catalogue.reader import CatalogueError, Entry, entry, read

_NUMBER: Final = re.compile(r"(?<![\w.])([-+]?\d[\d,]*\.?\d*(?:[eE][-+]?\d+)?|[-+]?\.\d+)\s*([kKMBT](?![A-Za-z]))?")
_SUFFIX: Final[Mapping[str, float]] = {"k": 1e3, "m": 1e6, "b": 1e9, "t": 1e12}
_LAYERS: Final = re.compile(r"\d+(\s*\+\s*\d+)+")
NOT_SHARDED: Final = re.compile(r"fsdp\s*[=:]\s*(0|no|false)\b")
LOW_PRECISION: Final = re.compile(r"fp8|float8|e4m3|e5m2|mxfp|fp4|float4", re.IGNORECASE)
FOUR_BITS: Final = re.compile(r"fp4|float4", re.IGNORECASE)
BLOCK_SCALED: Final = re.compile(r"mx", re.IGNORECASE)

CHIPS: Final = (  # a word of a chip's name, punctuation apart, and its entry; the first that is found counts
    (r"gb300", "gb300-nvl72"), (r"gb200", "gb200-nvl72"), (r"b300", "b300-sxm"), (r"b200", "b200-sxm"),
    (r"gh200", "gh200"), (r"p5en?$|h200", "h200-sxm"), (r"h800", "h800-sxm"), (r"h100.*pcie|pcie.*h100", "h100-pcie"),
    (r"h100|p548xlarge|a3mega", "h100-sxm"), (r"l40s", "l40s"),
    (r"a100.*(pcie.*40g|40g.*pcie)", "a100-pcie-40gb"), (r"a100.*pcie|pcie.*a100", "a100-pcie-80gb"),
    (r"a800", "a800-sxm-80gb"), (r"a100.*(?<!6)40g|40g.*a100|p4d(?!e)", "a100-sxm-40gb"),
    (r"a100|p4de", "a100-sxm-80gb"),
    (r"v100.*32g", "v100-sxm2-32gb"), (r"v100", "v100-sxm2-16gb"),
    (r"mi355", "mi355x"), (r"mi350", "mi350x"), (r"mi325", "mi325x"), (r"mi300", "mi300x"), (r"mi250", "mi250x"),
    (r"gaudi3", "gaudi3"), (r"gaudi2", "gaudi2"),
    (r"trn2|trainium2", "trainium2"), (r"trn1|trainium", "trainium1"),
    (r"ironwood|tpu7x|(tpu|^)v7", "tpu-v7"), (r"trillium|(tpu|^)v6", "tpu-v6e"), (r"(tpu|^)v5p", "tpu-v5p"),
    (r"(tpu|^)v5(lite|e)", "tpu-v5e"), (r"(tpu|^)v4", "tpu-v4"), (r"(tpu|^)v3", "tpu-v3"),
)  # fmt: skip
OTHER_FORM: Final = re.compile(r"pcie|nvl(?!\d|ink)|h20(?!0)", re.IGNORECASE)  # another build of a chip


def number(word: str) -> float | None:
    """Return the first number of a cell if it is above zero: units, signs of per cent and words do not matter.

    Examples
    --------
    >>> number("1,024 GPUs"), number("41%"), number("4M tokens"), number("n/a"), number("-3")
    (1024.0, 41.0, 4000000.0, None, None)
    """
    found = _NUMBER.search(word)
    if found is None:
        return None
    value = float(found[1].replace(",", "")) * _SUFFIX.get((found[2] or "").lower(), 1.0)
    return value if math.isfinite(value) and value > 0 else None


def whole(word: str) -> int | None:
    """Return the first number of a cell as a count of at least one; of ``24+24`` the sum.

    Examples
    --------
    >>> whole("24+24"), whole("8.0"), whole("")
    (48, 8, None)
    """
    if _LAYERS.fullmatch(word.strip()):
        return sum(int(part) for part in word.split("+")) or None
    value = number(word)
    return None if value is None else max(1, round(value))


def last_whole(word: str) -> int | None:
    """Return the last number of a cell as a count: a run that grew is measured at its full size.

    Examples
    --------
    >>> last_whole("768->1536->2304")
    2304
    """
    return whole(re.split(r"->|→|\bto\b", word)[-1])


def context(word: str) -> int | None:
    """Return a context length; ``8k`` is 8,192.

    Examples
    --------
    >>> context("8k"), context("2048"), context("1M")
    (8192, 2048, 1048576)
    """
    found = re.fullmatch(r"\s*(\d+)\s*([kKM])\w*(\s+tokens)?\s*", word)
    if found:
        return int(found[1]) * (2**10 if found[2] in "kK" else 2**20) or None
    return whole(word)


def billions(word: str) -> float | None:
    """Return parameters in billions: ``7``, ``7B``, ``350M`` or ``1.6T``.

    Examples
    --------
    >>> billions("7"), billions("350M"), billions("1.6T")
    (7.0, 0.35, 1600.0)
    """
    value = number(word)
    return None if value is None else value / 1e9 if value >= 1e6 else value


def share(word: str) -> float | None:
    """Return a share from a cell of per cent, or of parts of one.

    Examples
    --------
    >>> share("41.5"), share("41.5%"), share("0.415")
    (0.415, 0.415, 0.415)
    """
    value = number(word)
    if value is None or value > 100:
        return None
    return (value if value <= 1 and "%" not in word else value / 100) or None


def recompute(word: str) -> str | None:
    """Return the recompute mode, or None where the cell does not say.

    Examples
    --------
    >>> recompute("minimal"), recompute("full (block)"), recompute("qkv_proj_offloaded"), recompute("n/a")
    ('none', 'full', 'selective', None)
    """
    low = word.lower().strip()
    if low in {"", "n/a", "na", "-", "?", "unknown"}:
        return None
    if low in {"none", "no", "off", "minimal", "false", "0"}:
        return "none"
    return "full" if re.search(r"full|block|uniform|^yes$|^true$|^on$", low) else "selective"


def zero(word: str) -> int | None:
    """Return what data-parallel ranks share, or None where the cell does not say.

    Examples
    --------
    >>> zero("ZeRO-2/FSDP"), zero("FSDP+TP"), zero("distributed optimizer"), zero("DDP"), zero("3D")
    (2, 3, 1, 0, None)
    """
    low = word.lower()
    stage = re.search(r"zero[-_ ]?(stage[-_ ]?)?([0-3])", low)
    if stage:
        return int(stage[2])
    if re.search(r"fsdp|hsdp|fully[- ]sharded", low):
        return 3
    return 1 if "distributed opt" in low else 0 if "ddp" in low else None


def accelerator(name: str) -> tuple[Entry, int, bool]:
    """Return a chip, 2 where the row counts halves of it, and whether it stands in for another build of itself.

    Raises
    ------
    CatalogueError
        If no chip of the catalogue has such a name.

    Examples
    --------
    >>> [accelerator(name)[0].key for name in ("A100-SXM4-40GB", "NVIDIA H100 80GB HBM3", "TPUv4", "v5litepod-256")]
    ['a100-sxm-40gb', 'h100-sxm', 'tpu-v4', 'tpu-v5e']
    """
    plain = re.sub(r"\(.*\)", "", name).strip()
    halves = 2 if re.search(r"per gcd|\bgcds?\b", name, re.IGNORECASE) else 1
    for attempt in (plain, plain.replace("TPU ", "TPU-")):
        try:
            return entry("accelerators", attempt), halves, False
        except CatalogueError:
            continue
    squeezed = re.sub(r"[^a-z0-9]", "", re.sub(r"^\s*\d+\s*x\s*", "", plain.lower()))
    named = {re.sub(r"[^a-z0-9]", "", word): key for key, fact in read("accelerators").items()
             for word in (key, *fact.aliases)}  # fmt: skip
    whole_name = named.get(squeezed) or named.get(re.sub(r"^(nvidia|amdinstinct|amd|google|aws|intel)", "", squeezed))
    key = whole_name or next((key for pattern, key in CHIPS if re.search(pattern, squeezed)), plain)
    other_form = bool(OTHER_FORM.search(plain)) and "pcie" not in key
    return entry("accelerators", key), halves, other_form and whole_name is None
