"""Plug-ins: modules that register triggers, data sets, classifiers, methods and metrics of their own. Torch-free.

A module is found by its entry point in the group ``fairprog.plugins``, or by its name in the environment variable
``FAIRPROG_PLUGINS`` (names separated by commas). It calls, for instance,
``fairprog_core.triggers.register("tint", Entry(TintOptions, "package.module:Tint"))``, or ``register`` of
``fairprog_core.data``, ``.classifiers``, ``.methods`` or ``.metrics.fairness``. It imports torch only where an
implementation is used, and never imports ``fairprog_core.study``, which is built from the registries.

Every process of fairprog that can open a study loads plug-ins first: pages, workers, the command line, explanations.
Each of them reports :func:`problems` in its own way.
"""

import os
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import entry_points

from fairprog_core.common import registry
from fairprog_core.common.errors import FairprogError

GROUP = "fairprog.plugins"
VARIABLE = "FAIRPROG_PLUGINS"

_loaded: dict[str, str] = {}  # module -> why it could not be loaded; empty: it was loaded


def load_plugins() -> None:
    """Import every plug-in that is not imported yet; skip those that fail, see :func:`problems`."""
    for module in _modules():
        if module not in _loaded:
            _loaded[module] = ""  # set before the import, because a plug-in may import code that loads plug-ins
            _loaded[module] = _problem(module)


def leave_out() -> None:
    """Load no plug-in in this process."""
    _loaded.update(dict.fromkeys(_modules(), "left out"))


def plugins() -> tuple[str, ...]:
    """The modules of the loaded plug-ins."""
    return tuple(module for module, problem in _loaded.items() if not problem)


def problems() -> tuple[str, ...]:
    """One sentence for every plug-in that could not be loaded: its module and the reason."""
    return tuple(filter(None, _loaded.values()))


def _modules() -> Iterator[str]:
    yield from (point.module for point in entry_points(group=GROUP))
    yield from filter(None, map(str.strip, os.environ.get(VARIABLE, "").split(",")))


def _problem(module: str) -> str:
    """Import a plug-in and return why that failed; empty: it did not. A failed plug-in registers nothing."""
    before = registry.n_added()
    try:
        import_module(module)
    except (Exception, SystemExit) as error:  # noqa: BLE001 (no error of a plug-in may stop fairprog)
        registry.take_back(before)
        return f"The plug-in {module} was not loaded: {_reason(module, error)}"
    return ""


def _reason(module: str, error: BaseException) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name and f"{module}.".startswith(f"{error.name}."):
        return f"there is no module {error.name}; install it, add its folder to PYTHONPATH, or correct {VARIABLE}."
    if isinstance(error, FairprogError):
        return str(error)
    return f"{type(error).__name__}: {' '.join(str(error).split()).rstrip('.')}."
