"""``fairprog doctor``: checks this machine and names what is missing and how to install it."""

import os
import platform
import shutil
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Literal

import psutil
from packaging.requirements import Requirement

from fairprog_core.common import plugins
from fairprog_core.common.errors import ConfigError, FairprogError
from fairprog_core.common.home import Home, assets
from fairprog_core.common.limits import Limits, limits, variable
from fairprog_core.common.process.version import PACKAGE, VERSION
from fairprog_core.runs import launcher
from fairprog_core.runs.store import Store

GIB = 2**30
LOW_DISK = 2 * GIB  # enough for the full faces data and a few dozen runs
LOW_MEMORY = 3 * GIB
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@dataclass(frozen=True)
class Finding:
    """The result of one check.

    Attributes:
        name: the thing that was checked.
        found: its current state, in words.
        state: ok; note: works, but could be better; missing: something will not work.
        hint: what to do; empty when the state is ok.
    """

    name: str
    found: str
    state: Literal["ok", "note", "missing"] = "ok"
    hint: str = ""


def examine(home: Home) -> list[Finding]:
    """Run all checks. Imports torch."""
    return [
        Finding("fairprog", f"{VERSION} in {PACKAGE}"),
        Finding("Python", f"{platform.python_version()} at {sys.executable}"),
        *_packages(),
        *_plugins(),
        *_torch(),
        _machine(),
        *_home(home),
        *_table(home),
        _workers(home),
        *_assets(),
        *_limits(),
        _browser(),
    ]


def _packages() -> list[Finding]:
    """Checks the packages that pyproject.toml requires; missing test packages are only a note."""
    wanted = [Requirement(text) for text in requires("fairprog") or []]
    needed = [one for one in wanted if one.marker is None or one.marker.evaluate()]
    for_tests = [one for one in wanted if one not in needed and one.marker and one.marker.evaluate({"extra": "test"})]
    bad = {str(one): problem for one in needed if (problem := _problem(one))}
    versions = ", ".join(f"{one.name} {_version(one.name)}" for one in needed if not _problem(one))
    findings = [Finding("Packages", versions)]
    if bad:
        problems = "; ".join(f"{name}: {problem}" for name, problem in bad.items())
        findings.append(Finding("Packages missing", problems, "missing", "install fairprog again, with pip"))
    lacking = [one.name for one in for_tests if _problem(one)]
    if lacking:
        hint = 'only for tests: run `python -m pip install --editable ".[test]"`'
        findings.append(Finding("Test packages", f"without {', '.join(lacking)}", "note", hint))
    return findings


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _problem(wanted: Requirement) -> str | None:
    found = _version(wanted.name)
    if found is None:
        return "not installed"
    return None if wanted.specifier.contains(found, prereleases=True) else f"{found} is installed"


def _plugins() -> list[Finding]:
    """The plug-ins that are loaded, and those that cannot be."""
    loaded = [Finding("Plug-ins", ", ".join(plugins.plugins()))] if plugins.plugins() else []
    return loaded + [Finding("Plug-in", problem, "missing") for problem in plugins.problems()]


def _torch() -> list[Finding]:
    try:
        import torch
        import torchvision  # noqa: F401 (fails here if its build does not match torch)
    except Exception as error:  # noqa: BLE001 (the user needs to know any error)
        hint = "install both from the same index: `python -m pip install --force-reinstall torch torchvision`"
        return [Finding("torch", f"cannot be imported: {error}", "missing", hint)]
    threads = Finding("Threads", f"{torch.get_num_threads()} of {os.cpu_count()} cores")
    if torch.cuda.is_available():
        names = ", ".join(torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count()))
        return [Finding("Device", f"cuda: {names}"), threads]
    if torch.backends.mps.is_available():
        return [Finding("Device", "cpu (auto), mps on request"), threads]
    if Path("/proc/driver/nvidia/gpus").is_dir():
        hint = "install a driver and a torch that fit together, see pytorch.org/get-started"
        return [Finding("Device", "cpu; there is an NVIDIA GPU that torch cannot use", "note", hint), threads]
    return [Finding("Device", "cpu"), threads]


def _machine() -> Finding:
    memory = psutil.virtual_memory()
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    found = f"{platform.platform()}, {memory.available / GIB:.1f} of {memory.total / GIB:.1f} GiB memory free{load}"
    if memory.available < LOW_MEMORY:
        return Finding("Machine", found, "note", "a run takes up to 2 GiB; close other programs")
    return Finding("Machine", found)


def _home(home: Home) -> list[Finding]:
    is_writable = os.access(home.path, os.W_OK)
    size = sum(file.stat().st_size for file in home.path.rglob("*") if file.is_file())
    found = f"{home.path}, {size / 2**20:.0f} MiB"
    hint = "make it writable, or choose another with --home or FAIRPROG_HOME"
    folder = Finding("Home", found) if is_writable else Finding("Home", f"{found}, not writable", "missing", hint)
    free = shutil.disk_usage(home.path).free
    disk = Finding("Disk", f"{free / GIB:.1f} GiB free there")
    if free < LOW_DISK:
        disk = Finding("Disk", disk.found, "note", "remove runs with `fairprog runs remove`, or the folder cache/")
    return [folder, disk]


def _table(home: Home) -> list[Finding]:
    """Where the run table is, without a password, and what it holds."""
    try:
        with Store(home) as store:
            where, runs = store.database.describe(), store.list()
    except FairprogError as error:
        return [Finding("Runs", str(error), "missing", "repair or remove the file, or choose another home")]
    counts = {state: sum(run.state == state for run in runs) for state in dict.fromkeys(run.state for run in runs)}
    found = ", ".join(f"{n} {state}" for state, n in counts.items()) or "none yet"
    return [Finding("Run table", where), Finding("Runs", found)]


def _workers(home: Home) -> Finding:
    there = [f"slot {worker.slot} {worker.state} (pid {worker.owner.pid})" for worker in launcher.workers(home)]
    return Finding("Workers", f"{', '.join(there) or 'none now'}; {launcher.slots()} slot(s); they start when needed")


def _assets() -> list[Finding]:
    wanted = ("demo/faces/result.json", "classifiers", "encoders/minilm-2/config.json")
    missing = [name for name in wanted if not (assets() / name).exists()]
    if missing:
        hint = "install fairprog again, with pip, or set FAIRPROG_ASSETS"
        return [Finding("Assets", f"{assets()} lacks {', '.join(missing)}", "note", hint)]
    return [Finding("Assets", str(assets()))]


def _limits() -> list[Finding]:
    """Every limit, and the variable that sets it."""
    try:
        now = limits()
    except ConfigError as error:
        return [Finding("Limits", str(error), "missing", "correct the variable, or leave it out")]
    fields = Limits.model_fields.items()
    return [Finding("Limit", f"{field.title}: {getattr(now, name):,} ({variable(name)})") for name, field in fields]


def _browser() -> Finding:
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        return Finding("Browser for tests", "no Chromium or Chrome", "note", "only for tests: `make test` gets one")
    return Finding("Browser for tests", found)
