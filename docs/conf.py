"""How the documentation is built: `sphinx-build -W -b html docs docs/_build`. The reference comes from the code."""

import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT))

project = "flopcast"
author = "the flopcast developers"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
html_title = "flopcast"
html_static_path: list[str] = []
exclude_patterns = ["_build"]
nitpicky = False
suppress_warnings = ["ref.python"]  # words such as `cause` name a field of several classes
default_role = "code"
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "show-inheritance": True, "ignore-module-all": True}
napoleon_google_docstring = False
napoleon_use_rtype = False
myst_heading_anchors = 3
myst_enable_extensions = ["deflist"]

# What users of the library call and extend; commands have a page of their own.
PACKAGES = (
    "simulator/foundation", "simulator/cluster", "simulator/workload", "simulator/reliability", "simulator/scheduling",
    "simulator/pricing", "simulator/scenario", "simulator/engine", "analysis/metrics", "analysis/study",
)  # fmt: skip

_PAGES = "how-to|explanation|reference|decisions|tutorial|scoreboard"
_OUTSIDE = re.compile(rf"\[([^\]]+)\]\((?:\.\./)+(?!{_PAGES})([^)#]+)[^)]*\)")


def _outside(app: object, name: str, source: list[str]) -> None:  # noqa: ARG001 - the signature is Sphinx's
    """Name files of the repository that are no page as what they are, without a link."""
    source[0] = _OUTSIDE.sub(lambda match: f"{match[1]} (`{match[2]}`)", source[0])


def _generate() -> None:
    """Write the pages that come from code: commands, schema, glossary, modules."""
    folder = HERE / "reference" / "generated"
    folder.mkdir(exist_ok=True)
    commands = subprocess.run(
        [sys.executable, "-m", "typer", "analysis.cli.main", "utils", "docs", "--name", "flopcast"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    (folder / "commands.md").write_text(commands, encoding="utf-8")
    (folder / "schema.md").write_text(_schema(), encoding="utf-8")
    (folder / "glossary.md").write_text(_glossary(), encoding="utf-8")
    for package in PACKAGES:
        page = folder / f"{package.replace('/', '-')}.md"
        page.write_text(_modules(package), encoding="utf-8")


def _glossary() -> str:
    """Return what words and abbreviations mean, as the reports say it."""
    from analysis.report.glossary import glossary

    return "# Glossary\n" + "".join(f"\n{word}\n: {meaning}\n" for word, meaning in glossary().meanings.items())


def _schema() -> str:
    """Return the scenario's keys, a table for each section, from the JSON Schema."""
    from simulator.scenario.api import json_schema

    schema = json_schema()
    parts = ["# Keys of a scenario, from the schema\n\n`flopcast schema` prints the JSON Schema itself.\n"]
    tables = {"(top)": schema, **schema.get("$defs", {})}
    for name, table in tables.items():
        if name == "ScenarioFile" or not table.get("properties"):
            continue
        words = " ".join(str(table.get("description", "")).split())
        parts.append(f"\n## {name}\n\n{words}\n\n| key | what may be written |\n| --- | --- |\n")
        parts += [f"| `{key}` | {_words(value)} |\n" for key, value in table["properties"].items()]
    return "".join(parts)


def _words(value: dict[str, object]) -> str:
    """Say in a cell what one key takes."""
    if "$ref" in value:
        return f"table {str(value['$ref']).rpartition('/')[2]}"
    choices = value.get("enum")
    said = value.get("description") or (", ".join(map(str, choices)) if isinstance(choices, list) else None)
    said = said or value.get("type") or "see its table"
    return " ".join(str(said).split()).replace("|", "\\|")


def _modules(package: str) -> str:
    """Return a page with what a package offers, module by module."""
    paths = sorted((ROOT / package).rglob("*.py"))
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths if path.name != "__init__.py"]
    blocks = "".join(f"\n## {name}\n\n```{{eval-rst}}\n.. automodule:: {name}\n```\n" for name in names)
    return f"# {package.replace('/', '.')}\n{blocks}"


def setup(app: object) -> None:
    """Connect what we add to Sphinx."""
    _generate()
    app.connect("source-read", _outside)  # type: ignore[attr-defined]  # Sphinx has no stubs here
