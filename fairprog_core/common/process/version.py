"""The installed version of fairprog, and a digest that changes with its code."""

import hashlib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2]  # fairprog_core

try:
    VERSION = version("fairprog")
except PackageNotFoundError:  # imported from a folder that was never installed
    VERSION = "0"


def code_version() -> str:
    """The installed version and a digest of the library's files; changes when either does."""
    files = [(path.as_posix(), path.stat().st_mtime_ns) for path in sorted(PACKAGE.rglob("*.py"))]
    return f"{VERSION}+{hashlib.sha256(repr(files).encode()).hexdigest()[:12]}"
