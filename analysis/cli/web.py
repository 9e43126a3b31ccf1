"""``flopcast web``: the what-if page, on this machine only."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer


def web(
    port: Annotated[int, typer.Option("--port", min=1024, max=65535, help="Where the page is served.")] = 8501,
    browser: Annotated[bool, typer.Option("--browser", help="Open the page in a browser.")] = False,
) -> None:
    """Serve the what-if page on 127.0.0.1: change a scenario, see days and dollars, compare, take the report."""
    from importlib.util import find_spec

    from analysis.web.serving import arguments

    if find_spec("streamlit") is None:
        typer.echo("the page needs the extra web: pip install 'flopcast[web]'", err=True)
        raise typer.Exit(2)
    typer.echo(f"http://127.0.0.1:{port} (Ctrl-C ends it)")
    sys.stdout.flush()
    root = str(Path(__file__).resolve().parents[2])
    paths = [root, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths), "PYTHONSAFEPATH": "1"}
    os.execve(sys.executable, [sys.executable, *arguments(port, browser=browser)], environment)  # noqa: S606 - no shell
