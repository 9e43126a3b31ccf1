"""Rules of the house that a program can check: size, cycles, layers, docstrings, light start (DESIGN, 1 and 4)."""

import ast
import graphlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("simulator", "analysis")
MODULES = sorted(file for package in PACKAGES for file in (ROOT / package).rglob("*.py"))
HEAVY = ("pandas", "scipy", "matplotlib", "simpy", "pint", "networkx", "streamlit", "dask")

names = [file.relative_to(ROOT).as_posix() for file in MODULES]
each_module = pytest.mark.parametrize("file", MODULES, ids=names)


def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def test_there_is_something_to_check() -> None:
    assert {"simulator/engine/simulate.py", "analysis/metrics/forecast.py"} <= set(names)


def test_no_module_is_long() -> None:
    """400 lines at most: a file that passes them becomes a folder."""
    lengths = {
        file.relative_to(ROOT).as_posix(): len(file.read_text(encoding="utf-8").splitlines()) for file in MODULES
    }
    assert {name: lines for name, lines in lengths.items() if lines > 400} == {}


def test_no_function_is_long() -> None:
    """60 lines at most, the docstring and the signature not counted."""
    found = {}
    for file in MODULES:
        for node in ast.walk(tree(file)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                lines = (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0
                if lines > 60:
                    found[f"{file.relative_to(ROOT)}:{node.name}"] = lines
    assert found == {}


def imported(file: Path, known: set[str], *, inside: bool) -> Iterator[str]:
    """Yield the project's modules that a module imports when it is loaded and, if asked, inside functions."""
    module = tree(file)
    for node in ast.walk(module) if inside else module.body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in known else str(node.module)


@pytest.mark.parametrize("inside", [False, True])
def test_no_import_cycle(inside: bool) -> None:
    """Neither at the top of modules nor dodged by an import inside a function."""
    dotted = {
        file: file.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__")
        for file in MODULES
    }
    known = set(dotted.values())
    graph = {
        name: {other for other in imported(file, known, inside=inside) if other in known and other != name}
        for file, name in dotted.items()
    }
    assert sum(map(len, graph.values())) > 50
    graphlib.TopologicalSorter(graph).prepare()  # raises CycleError, and names the modules


@each_module
def test_public_names_have_docstrings(file: Path) -> None:
    """Modules, public classes, and public functions and methods of public classes."""
    module = tree(file)
    bare = [] if ast.get_docstring(module) else ["the module"]

    def look(body: list[ast.stmt], where: str) -> None:
        for node in body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith(
                "_"
            ):
                is_overload = any(
                    "overload" in ast.unparse(decorator) for decorator in getattr(node, "decorator_list", [])
                )
                if not ast.get_docstring(node) and not is_overload:
                    bare.append(where + node.name)
                if isinstance(node, ast.ClassDef):
                    look(node.body, f"{node.name}.")

    look(module.body, "")
    assert bare == []


@each_module
def test_nothing_forbidden(file: Path) -> None:
    """No star imports, no print outside the command line, no generators of random numbers but in `streams`."""
    text = file.read_text(encoding="utf-8")
    assert not re.search(r"^from \S+ import \*", text, re.MULTILINE)
    assert not re.search(r"\b(utils|helpers?|manager)\b", file.name)
    if file.name != "streams.py":
        assert not re.search(r"default_rng|RandomState|np\.random\.(seed|rand)|^import random", text, re.MULTILINE)


def test_each_decision_has_a_number_of_its_own() -> None:
    """That of its file stands in its title; numbers may be left out."""
    titles = {
        file.name: file.read_text(encoding="utf-8").splitlines()[0]
        for file in sorted((ROOT / "docs/decisions").glob("*.md"))
    }
    numbers = [int(name[:4]) for name in titles]
    assert len(numbers) > 20
    assert len(set(numbers)) == len(numbers)
    assert [title.partition(".")[0] for title in titles.values()] == [f"# {number}" for number in numbers]


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=False)


def test_layers() -> None:
    """The import-linter contracts of pyproject.toml."""
    pytest.importorskip("importlinter")
    code = (
        "import sys; sys.path.insert(0, '.')\n"
        "from importlinter.cli import lint_imports\n"
        "sys.exit(lint_imports(no_cache=True))"
    )
    done = run("-c", code)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_command_line_starts_light() -> None:
    """`flopcast --help` loads none of the heavy packages."""
    code = (
        "import sys; sys.path.insert(0, '.'); sys.argv = ['flopcast', '--help']\n"
        "from analysis.cli.main import main\n"
        "try: main()\nexcept SystemExit as end: assert not end.code, end.code\n"
        f"heavy = sorted(set({HEAVY!r}) & set(sys.modules))\n"
        "sys.exit(f'loaded: {heavy}' if heavy else 0)"
    )
    done = run("-c", code)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Usage" in done.stdout


def test_no_machine_path_and_no_host_is_committed() -> None:
    """No path of the machine that it was written on, no address of a registry."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    forbidden = re.compile("/" + r"(work|home|Users|root)/\w|" + r"pypi\." + "org|" + "files.python" + "hosted")
    texts = {
        name: (ROOT / name).read_text(encoding="utf-8", errors="replace")
        for name in filter(None, listed.stdout.split("\0"))
        if (ROOT / name).is_file() and Path(name).suffix in (".py", ".toml", ".md", ".txt", ".csv", "")
    }
    assert {name: match.group() for name, text in texts.items() if (match := forbidden.search(text))} == {}
