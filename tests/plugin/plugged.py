"""Plug-ins for the length of a test; afterwards nothing of them is registered any more."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from fairprog_core.common import plugins, registry

EVERYTHING = "tests.plugin.everything"


@contextmanager
def plugged_in(*modules: str) -> Iterator[tuple[str, ...]]:
    """Load modules as the environment variable does, for child processes too; gives the sentences about failures."""
    before = registry.n_added()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(plugins.VARIABLE, ",".join(modules))
        patch.setattr(plugins, "_loaded", {})
        try:
            plugins.load_plugins()
            yield plugins.problems()
        finally:
            registry.take_back(before)
            for module in modules:
                sys.modules.pop(module, None)
