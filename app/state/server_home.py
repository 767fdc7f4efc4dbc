"""The home of this server."""

import os
from functools import lru_cache

from fairprog_core.common.home import Home


def home() -> Home:
    """The home of this server; made if missing."""
    found = _home(os.environ.get("FAIRPROG_HOME"))
    return found if found.path.is_dir() else Home.find()


@lru_cache(maxsize=8)
def _home(chosen: str | None) -> Home:
    """``chosen`` is the variable of the environment: finding a home follows every link in its path."""
    return Home.find(chosen)
