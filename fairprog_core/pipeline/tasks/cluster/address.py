"""Where tasks are computed, as a user writes it: ``ray``, or ``ray://host:port``. Imports neither torch nor Ray."""

import os
import re
from importlib.util import find_spec

from fairprog_core.common.errors import ConfigError, shown

VARIABLE = "FAIRPROG_ON"  # of the environment: where the workers of a dashboard compute
LOCAL = "ray"
_ADDRESS = re.compile(r"ray://(\[[0-9A-Fa-f:]+\]|[A-Za-z0-9._-]{1,253}):[0-9]{1,5}")


def check_address(text: str | None) -> None:
    """Refuse an address that is none, before anything is begun; None: this machine.

    Raises:
        ConfigError: it has another form, or Ray is not installed.
    """
    if text is None:
        return
    if text != LOCAL and not _ADDRESS.fullmatch(text):
        raise ConfigError(
            f"--on {shown(text)} is no place to compute at; write --on ray for a cluster of this machine, or the "
            "address of another one, e.g. --on ray://head:10001."
        )
    if find_spec("ray") is None:
        raise ConfigError('Ray is not installed; install it with `pip install "fairprog[ray]"`.')


def from_environment() -> str | None:
    """The address that ``fairprog app --on`` handed to its workers; None: tasks are computed on this machine."""
    return os.environ.get(VARIABLE) or None
