"""``fairprog app``: workers and the dashboard, in one command."""

import contextlib
import os
import socket
import threading
import time
import tomllib
import urllib.request
import webbrowser
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import psutil
import typer

import fairprog_core
from fairprog_core import heap
from fairprog_core.cli.console import HomeOption, complain, open_home
from fairprog_core.errors import ConfigError
from fairprog_core.home import Home
from fairprog_core.runs import launcher
from fairprog_core.runs.store import Store

ROOT = Path(fairprog_core.__file__).resolve().parent.parent
LOCAL = ("127.0.0.1", "localhost", "::1")
PORT = 8501


def app(
    host: Annotated[str, typer.Option(help="Address to listen at. 0.0.0.0: let other machines in.")] = "127.0.0.1",
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help=f"Port. Default: {PORT}, or the next one that is free.")
    ] = None,
    home: HomeOption = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Open no window.")] = False,
) -> None:
    """Start the dashboard, and workers that train.

    Ctrl-C ends the dashboard. Workers go on with what is queued, and leave by themselves when
    nothing was to do for ten minutes; the dashboard finds running runs again.
    """
    place = open_home(home)
    Store(place).close()  # a damaged run table is told now, not on the page
    launcher.slots()
    script = ROOT / "app" / "main.py"
    if not script.is_file():
        raise ConfigError(f"The dashboard is not beside the library ({script} is missing); install from a clone.")
    port = _free_port(host, port)
    os.environ["FAIRPROG_HOME"] = str(place.path)
    url = f"http://{'localhost' if host in ('0.0.0.0', '::') else host}:{port}"
    opener = threading.Thread(target=_when_it_answers, args=(url, place, not no_browser), daemon=True)
    opener.start()
    serve(script, server_options(host, port))


def serve(script: Path, options: dict[str, Any]) -> None:
    """Run Streamlit in this process until Ctrl-C.

    Not by its command line: that takes one value where the theme has lists.
    """
    from streamlit.web import bootstrap

    heap.share_one()
    bootstrap.load_config_options(flag_options=options)
    bootstrap.run(str(script), False, [], options)


def _when_it_answers(url: str, home: Home, open_browser: bool) -> None:
    """Print the address, open the browser, start the workers: in this order, so that the page comes first."""
    pause, deadline = threading.Event(), time.monotonic() + 60
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/_stcore/health", timeout=2):
            break
        pause.wait(0.05)
    typer.echo(f"fairprog is open at {url}\nRuns and caches are in {home.path}\nCtrl-C ends the page; runs go on.")
    if open_browser:
        webbrowser.open(url)
    launcher.ensure_workers(home)


def _free_port(host: str, port: int | None) -> int:
    """The wished port, or the first free one from the usual on.

    Raises:
        ConfigError: the wished port is taken, or the address is not this machine's.
    """
    problem = OSError()
    for candidate in [port] if port else range(PORT, PORT + 50):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, candidate))
            except socket.gaierror as error:
                raise ConfigError(f"The address {host!r} is not known; use 127.0.0.1 or this machine's own.") from error
            except OSError as error:
                problem = error
                continue
        return candidate
    raise ConfigError(f"Port {port or PORT} at {host} cannot be used ({problem.strerror}); choose another with --port.")


def server_options(host: str, port: int) -> dict[str, Any]:
    """Streamlit's options by name: ours on top of ``.streamlit/config.toml``, which it finds only from some folders."""
    config = ROOT / ".streamlit" / "config.toml"
    values = dict(_flat(tomllib.loads(config.read_text("utf-8")))) if config.is_file() else {}
    is_shared = host not in LOCAL
    if is_shared:
        complain("whoever can reach this machine can use the dashboard and start runs.")
    return values | {
        "server.address": host,
        "server.port": port,
        "server.headless": True,  # the browser is opened here
        "server.allowedHosts": _names(host),
        "client.showErrorDetails": "none" if is_shared else values.get("client.showErrorDetails", "full"),
        "browser.gatherUsageStats": False,
        "logger.hideWelcomeMessage": True,
        "logger.level": "warning",
    }


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _names(host: str) -> list[str]:
    """The host names under which the dashboard answers; others are refused."""
    names = ["127.0.0.1", "localhost", host]
    if host in ("0.0.0.0", "::"):
        addresses = [
            address.address.split("%")[0]
            for all_ in psutil.net_if_addrs().values()
            for address in all_
            if address.family in (socket.AF_INET, socket.AF_INET6)
        ]
        names = [*names, socket.gethostname(), socket.getfqdn(), *addresses]
    return list(dict.fromkeys(names))
