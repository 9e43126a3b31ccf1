"""How the page is served: on this machine only, without telemetry, with nothing that is not needed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

PAGE: Final = Path(__file__).with_name("page.py")

_SETTINGS: Final = {
    "server.address": "127.0.0.1",
    "server.fileWatcherType": "none",
    "server.maxUploadSize": "1",
    "server.enableStaticServing": "false",
    "server.showEmailPrompt": "false",
    "browser.gatherUsageStats": "false",
    "browser.serverAddress": "127.0.0.1",
    "client.toolbarMode": "viewer",
    "client.showErrorDetails": "none",
    "global.developmentMode": "false",
    "theme.base": "light",
    "theme.primaryColor": "#0072B2",
}


def arguments(port: int, *, browser: bool) -> Sequence[str]:
    """Return what Python is started with to serve the page.

    Examples
    --------
    >>> arguments(8501, browser=False)[:3]
    ['-m', 'streamlit', 'run']
    """
    settings = _SETTINGS | {"server.port": str(port), "server.headless": "false" if browser else "true"}
    return ["-m", "streamlit", "run", str(PAGE), *(f"--{name}={value}" for name, value in settings.items())]
