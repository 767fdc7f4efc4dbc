"""Debian's packages, for programs that the tests start."""

import os
import shutil
import subprocess
import sys
from functools import cache


def is_root() -> bool:
    """Whether this user may install packages."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def can_install() -> bool:
    """Whether Debian's packages can be installed here without a question."""
    return shutil.which("apt-get") is not None and is_root()


def install(*packages: str) -> None:
    """Install packages where that is allowed; whether it worked, the caller sees by looking for the program."""
    if can_install():
        _update()
        attempt("apt-get", "install", "--yes", "--no-install-recommends", *packages)


def attempt(*command: str) -> None:
    """Run a command that may fail; what it prints goes to the standard error stream."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False)


@cache
def _update() -> None:
    attempt("apt-get", "update")
