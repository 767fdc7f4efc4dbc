"""Imports what the pages of a shared server need before its visitors ask for it, all at once."""

import importlib

MODULES = (
    "app.components.tradeoff.plane",
    "app.components.runs.run_table",
    "app.presenters.intro_demo",
    "fairprog_core.runs",
)


def import_pages() -> None:
    """Import them; call it when the server answers: their caches belong to the running server."""
    for name in MODULES:
        importlib.import_module(name)
