"""fairprog: fairness reprogramming of frozen classifiers.

The public names are loaded when they are first used, so that ``import fairprog_core`` is quick and
leaves torch alone.
"""

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fairprog_core.bases import load_classifier as load_classifier
    from fairprog_core.errors import FairprogError as FairprogError
    from fairprog_core.foreground import run as run
    from fairprog_core.home import Home as Home
    from fairprog_core.presets import load_study as load_study
    from fairprog_core.results import Result as Result
    from fairprog_core.runs import Store as Store
    from fairprog_core.study import Study as Study
    from fairprog_core.triggers.base import load_trigger as load_trigger

_HOMES = {
    "FairprogError": "errors",
    "Home": "home",
    "Result": "results",
    "Store": "runs",
    "Study": "study",
    "load_classifier": "bases",
    "load_study": "presets",
    "load_trigger": "triggers.base",
    "run": "foreground",
}

__all__ = ["FairprogError", "Home", "Result", "Store", "Study", "load_classifier", "load_study", "load_trigger", "run"]

try:
    __version__ = version("fairprog")
except PackageNotFoundError:  # read from a folder that was never installed
    __version__ = "0"


def __getattr__(name: str) -> Any:
    """Import a public name where it is defined."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    """The public names, for completion."""
    return sorted([*globals(), *_HOMES])
