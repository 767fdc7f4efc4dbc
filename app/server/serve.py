"""Run Streamlit on ``app/main.py`` until Ctrl-C; the entry point ``app`` of the group ``fairprog.screen``."""

import contextlib
import signal
import socket
import sys
import threading
import time
import tomllib
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import psutil

from fairprog_core.common.limits import limits
from fairprog_core.common.process import memory
from fairprog_core.common.process.addresses import EVERYWHERE
from fairprog_core.common.sharing import sharing

SCRIPT = Path(__file__).resolve().parent.parent / "main.py"
CONFIG = SCRIPT.parent / ".streamlit" / "config.toml"
ANSWER_SECONDS = 60.0  # after this time ``when_open`` is called even if the server has not answered


def serve(*, host: str, port: int, is_shared: bool, when_open: Callable[[str], None]) -> None:
    """Serve the dashboard in this process.

    Args:
        host: address to listen at.
        port: a free port.
        is_shared: whether other machines may connect; then the page hides the details of errors.
        when_open: called once with the page's address, in a thread of its own, as soon as the page answers.
    """
    import streamlit as st
    from starlette.middleware import Middleware

    from app.server.door import Door
    from app.server.garbage import start_tending
    from app.server.guard import Guard
    from app.server.head import PageHead
    from app.server.left_page import LeftPage
    from app.server.warm import import_pages

    name = "localhost" if host in EVERYWHERE else f"[{host}]" if ":" in host else host
    url = f"http://{name}:{port}"
    then = [when_open, *([lambda _: import_pages()] if is_shared else [])]
    threading.Thread(target=_when_it_answers, args=(url, then), daemon=True).start()
    options = server_options(host, port, is_shared=is_shared)
    memory.share_one()
    start_tending()
    policy = sharing()
    before = [Middleware(Guard, names=_names(host), proxies=policy.names)]
    if policy.is_class:
        before.append(Middleware(Door, code=policy.join_code, token=policy.teacher_token))
    _end_cleanly()
    # Streamlit's command line cannot be used: it accepts single values only, and the theme has lists
    with contextlib.suppress(KeyboardInterrupt):
        st.App(SCRIPT, middleware=[*before, Middleware(PageHead), Middleware(LeftPage)]).run(config=options)


def server_options(host: str, port: int, *, is_shared: bool) -> dict[str, object]:
    """Streamlit's options by name: those of ``app/.streamlit/config.toml``, and fairprog's own.

    The file is read here because Streamlit finds it only from some working directories.
    """
    proxies = sharing().names
    values = dict(_flat(tomllib.loads(CONFIG.read_text("utf-8"))))
    return values | {
        "server.address": host,
        "server.port": port,
        "server.maxUploadSize": limits().upload_megabytes,
        "server.headless": True,  # the browser is opened by ``when_open``
        "server.allowedHosts": [*_names(host), *(name.partition(":")[0] for name in proxies)],
        "client.showErrorDetails": "none" if is_shared else values.get("client.showErrorDetails", "full"),
        "runner.postScriptGC": False,  # see `app.server.garbage`
        "browser.gatherUsageStats": False,
        "logger.hideWelcomeMessage": True,
        "logger.level": "warning",
    }


def _when_it_answers(url: str, then: Sequence[Callable[[str], None]]) -> None:
    pause, deadline = threading.Event(), time.monotonic() + ANSWER_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/_stcore/health", timeout=2):
            break
        pause.wait(0.05)
    for each in then:
        each(url)


def _end_cleanly() -> None:
    """Let SIGTERM end the process as Ctrl-C does: uvicorn raises the signal again after it has closed everything."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))


def _flat(table: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _names(host: str) -> list[str]:
    """The host names that the dashboard accepts in requests; 0.0.0.0 is an address to listen at, not a name."""
    names = ["127.0.0.1", "localhost"]
    if host not in EVERYWHERE:
        names.append(host)
    else:
        addresses = [
            address.address.split("%")[0]
            for all_ in psutil.net_if_addrs().values()
            for address in all_
            if address.family in (socket.AF_INET, socket.AF_INET6)
        ]
        names = [*names, socket.gethostname(), socket.getfqdn(), *addresses]
    return list(dict.fromkeys(name.lower() for name in names))
