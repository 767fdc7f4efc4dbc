"""The browser of the tests: find a Chromium that starts, or install one."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.programs import apt

NAMES = (
    "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "google-chrome-beta", "chrome",
    "microsoft-edge",
)  # fmt: skip
FOLDERS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
)
MISSING = (
    "The browser tests need Chromium or Chrome, and none was found or could be installed: install one (Debian: "
    "apt install chromium; anywhere: python -m playwright install chromium) or name it in FAIRPROG_BROWSER."
)


@cache
def find() -> str | None:
    """The first Chromium or Chrome that starts: named in FAIRPROG_BROWSER, on the path, or Playwright's own."""
    return next((path for path in _candidates() if _starts(path)), None)


def install() -> str | None:
    """Install Chromium where none is found: Debian's as root, else Playwright's own download."""
    if find() is None:
        apt.install("chromium")
        find.cache_clear()
    if find() is None:
        with_packages = ["--with-deps"] if apt.can_install() else []
        apt.attempt(sys.executable, "-m", "playwright", "install", *with_packages, "chromium")
        find.cache_clear()
    return find()


def launch_arguments() -> list[str]:
    """Flags under which Chromium runs without a display, as root too, and calls nobody by itself."""
    flags = ["--disable-gpu", "--disable-background-networking", "--disable-component-update", "--no-first-run"]
    if apt.is_root():
        flags.append("--no-sandbox")  # Chromium's sandbox refuses to run as root
    return flags


def _candidates() -> Iterator[str]:
    if named := os.environ.get("FAIRPROG_BROWSER"):
        yield named
        return
    yield from filter(None, map(shutil.which, NAMES))
    yield from (path for path in FOLDERS if Path(path).exists())
    yield from _playwrights_own()


def _playwrights_own() -> Iterator[str]:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    if Path(path).exists():
        yield path


def _starts(path: str) -> bool:
    """Whether the file runs at all; on Ubuntu ``chromium-browser`` may be a note that there is none."""
    if sys.platform == "win32":  # --version opens a window there
        return Path(path).exists()
    try:
        done = subprocess.run([path, "--version"], capture_output=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
