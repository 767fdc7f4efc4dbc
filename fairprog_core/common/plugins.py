"""Plug-ins: modules that register triggers, data sets, classifiers, methods and metrics of their own. Torch-free.

A module is found by its entry point in the group ``fairprog.plugins``, or named in the environment variable
``FAIRPROG_PLUGINS`` (several with commas between them). It calls, for instance,
``fairprog_core.triggers.register("tint", Entry(TintOptions, "package.module:Tint"))``, and likewise ``register`` of
``fairprog_core.data``, ``.classifiers``, ``.methods`` and ``.metrics.fairness``. It imports torch only where an
implementation is used, and not ``fairprog_core.study``, which is built from what was registered.

Every process of fairprog that can meet a study loads them first: pages, workers, the command line, explanations. Each
says :func:`problems` in its own way.
"""

import os
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import entry_points

from fairprog_core.common import registry
from fairprog_core.common.errors import FairprogError

GROUP = "fairprog.plugins"
VARIABLE = "FAIRPROG_PLUGINS"

_loaded: dict[str, str] = {}  # module -> why it was not loaded, empty where it was


def load_plugins() -> None:
    """Import every plug-in that was not imported before. One that fails is skipped, see :func:`problems`."""
    for module in _modules():
        if module not in _loaded:
            _loaded[module] = ""  # before it is imported: what it imports may ask for plug-ins too
            _loaded[module] = _problem(module)


def plugins() -> tuple[str, ...]:
    """The modules that were loaded."""
    return tuple(module for module, problem in _loaded.items() if not problem)


def problems() -> tuple[str, ...]:
    """One sentence for every plug-in that could not be loaded: which, and why."""
    return tuple(filter(None, _loaded.values()))


def _modules() -> Iterator[str]:
    yield from (point.module for point in entry_points(group=GROUP))
    yield from filter(None, map(str.strip, os.environ.get(VARIABLE, "").split(",")))


def _problem(module: str) -> str:
    """Import a plug-in; why that failed, empty where it did not. What it had registered by then is taken back."""
    before = registry.n_added()
    try:
        import_module(module)
    except (Exception, SystemExit) as error:  # noqa: BLE001 (whatever it is, other plug-ins and fairprog go on)
        registry.take_back(before)
        return f"The plug-in {module} was not loaded: {_reason(module, error)}"
    return ""


def _reason(module: str, error: BaseException) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name and f"{module}.".startswith(f"{error.name}."):
        return f"there is no module {error.name}; install it, add its folder to PYTHONPATH, or correct {VARIABLE}."
    if isinstance(error, FairprogError):
        return str(error)
    return f"{type(error).__name__}: {' '.join(str(error).split()).rstrip('.')}."
