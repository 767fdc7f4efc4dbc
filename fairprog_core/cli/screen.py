"""``fairprog app``: starts workers and the dashboard.

The library does not import the dashboard. A dashboard is an entry point of the group ``fairprog.screen``.
"""

import os
import re
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, Protocol, cast

import typer

from fairprog_core.cli.terminal.console import HomeOption, OnOption, complain, open_home, say
from fairprog_core.common.errors import ConfigError, shown
from fairprog_core.common.home import Home, assets
from fairprog_core.common.limits import limits
from fairprog_core.common.process import class_pass
from fairprog_core.common.process.addresses import EVERYWHERE, LOCAL, machine_addresses
from fairprog_core.common.sharing import SORTS, Sharing, Sort
from fairprog_core.pipeline.tasks.cluster import address
from fairprog_core.runs import launcher
from fairprog_core.runs.restart import keep
from fairprog_core.runs.store import Store

GROUP, OURS = "fairprog.screen", "app"
PORT = 8501
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,250}[A-Za-z0-9])?(:[0-9]{1,5})?")


class Screen(Protocol):
    """The type of an entry point of the group: a function that serves a dashboard until Ctrl-C."""

    def __call__(self, *, host: str, port: int, is_shared: bool, when_open: Callable[[str], None]) -> None:
        """Serve.

        Args:
            host: address to listen at.
            port: a free port.
            is_shared: whether other machines may connect.
            when_open: the function calls this once with the page's address, as soon as the page answers.
        """


def app(
    host: Annotated[
        str | None, typer.Option(help=f"Address to listen at. Default: {LOCAL[0]}, with --share {EVERYWHERE[0]}.")
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help=f"Port. Default: {PORT}, or the next free one.")
    ] = None,
    home: HomeOption = None,
    share: Annotated[bool, typer.Option("--share", help="Allow other machines; their users are visitors.")] = False,
    allow: Annotated[
        list[str] | None,
        typer.Option(help=f"What visitors may name besides what is shipped: {', '.join(SORTS)}. Repeatable."),
    ] = None,
    name: Annotated[
        list[str] | None,
        typer.Option(help="A further host name of the dashboard, e.g. that of a proxy. Repeatable."),
    ] = None,
    class_: Annotated[
        bool, typer.Option("--class", help="Share with a class: a join code, a teacher, fair turns. Implies --share.")
    ] = False,
    on: OnOption = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open a browser window.")] = False,
) -> None:
    """Start the dashboard and the workers.

    With --share, or with a --host that is not local, visitors may upload pictures and texts of their own; they may
    name folders of this machine, addresses, models on the hub and code only where --allow says so.

    Ctrl-C ends the dashboard. Workers continue with queued runs, and exit after ten minutes without a run.
    The dashboard shows running runs again after its next start.
    """
    share = share or class_
    host = host or (EVERYWHERE[0] if share else LOCAL[0])
    policy = Sharing(share or host not in LOCAL, _checked_sorts(allow or ()), _checked_names(name or ()))
    if class_:
        policy = replace(policy, join_code=class_pass.new_code(), teacher_token=class_pass.new_token())
    opened_home = open_home(home)
    Store(opened_home).close()  # reports a damaged run table here instead of on the page
    launcher.slots()  # like the next lines: reports a wrong variable of the environment
    limits()
    assets()
    address.check_address(on)
    if on is not None:
        os.environ[address.VARIABLE] = on  # the workers compute there
    screen, port = find_screen(), _free_port(host, port)
    if policy.is_shared and not policy.is_class:
        complain("whoever can reach this machine can use the dashboard and start runs.")
    os.environ.update({"FAIRPROG_HOME": str(opened_home.path), **policy.to_environment()})
    announce = partial(_announce, opened_home, not no_browser, host == EVERYWHERE[0], policy)
    screen(host=host, port=port, is_shared=policy.is_shared, when_open=announce)


def _checked_sorts(allowed: Sequence[str]) -> frozenset[Sort]:
    """What visitors may name.

    Raises:
        ConfigError: there is no such sort.
    """
    for sort in allowed:
        if sort not in SORTS:
            raise ConfigError(f"--allow {shown(sort)} is not known; allowed are {', '.join(SORTS)}.")
    return frozenset(sort for sort in SORTS if sort in allowed)


def _checked_names(names: Sequence[str]) -> tuple[str, ...]:
    """Host names, with a port where it is not the usual one.

    Raises:
        ConfigError: one of them is something else.
    """
    for name in names:
        if not _NAME.fullmatch(name):
            raise ConfigError(f"--name {shown(name)} is not a host name; write dash.example.org, or with a port :8443.")
    return tuple(name.lower() for name in names)


def find_screen() -> Screen:
    """The installed dashboard: fairprog's own, else the first one.

    Raises:
        ConfigError: no dashboard is installed, or it cannot be imported.
    """
    _leave_out_working_folder()
    found = sorted(entry_points(group=GROUP), key=lambda entry: (entry.name != OURS, entry.name))
    if not found:
        raise ConfigError(
            "No dashboard is installed; install fairprog again, from its wheel or repository: `python -m pip install .`"
        )
    try:
        return cast(Screen, found[0].load())
    except (ImportError, AttributeError) as error:
        raise ConfigError(
            f"The dashboard {found[0].value} cannot be imported ({error}); install fairprog again."
        ) from error


def _leave_out_working_folder() -> None:
    """Remove the working folder from the import path: a file ``app.py`` there would hide the dashboard's package."""
    ours, here = Path(__file__).resolve().parents[2], Path.cwd().resolve()
    if here != ours:
        sys.path[:] = [part for part in sys.path if Path(part).resolve() != here]


def _announce(home: Home, open_browser: bool, is_everywhere: bool, policy: Sharing, url: str) -> None:
    """Print the address, open the browser, then start the workers, so that the page opens without delay."""
    say(greeting(home, url, is_everywhere=is_everywhere, policy=policy))
    if open_browser:
        webbrowser.open(f"{url}/teach/{policy.teacher_token}" if policy.is_class else url)
    launcher.ensure_workers(home)
    threading.Thread(target=keep, args=(home,), name="keep-workers", daemon=True).start()


def greeting(home: Home, url: str, *, is_everywhere: bool, policy: Sharing | None = None) -> str:
    """What the command prints: the page's address, here and for other machines, and where the runs are.

    Args:
        home: of the runs.
        url: of the page.
        is_everywhere: whether it answers at every address of the machine.
        policy: of a class, its code and the teacher's address are printed too.
    """
    others = [url.replace("localhost", address, 1) for address in machine_addresses()] if is_everywhere else []
    taught = policy if policy is not None and policy.is_class else None
    return "\n".join(
        [
            f"fairprog is open at {url}",
            *[f"Other machines open {' or '.join(others)}"] * bool(others),
            *([f"The class joins with the code {taught.join_code}"] if taught else []),
            *([f"You, its teacher, open {url}/teach/{taught.teacher_token}"] if taught else []),
            f"Runs and caches are in {home.path}",
            "Ctrl-C ends the page; runs go on.",
        ]
    )


def _free_port(host: str, port: int | None) -> int:
    """The requested port, or the first free one from the default on.

    Raises:
        ConfigError: the requested port is taken, or the address is not this machine's.
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
