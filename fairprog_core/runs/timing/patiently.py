"""Waits for a run table that another process holds locked: a lock must not end a run that is under way."""

import time
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import DatabaseError

T = TypeVar("T")

SECONDS = 90.0  # after this time a lock counts as lasting


def patiently(action: Callable[[], T]) -> T:
    """Call ``action`` again as long as the run table is locked; the database itself waits half a minute each time.

    Raises:
        DatabaseError: the table stays locked, or cannot be used for another reason.
    """
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            return action()
        except DatabaseError as error:
            if not is_locked(error) or time.monotonic() > deadline:
                raise


def is_locked(error: DatabaseError) -> bool:
    """Whether another process holds the run table at the moment; else the table cannot be used."""
    return str(getattr(error.orig, "sqlite_errorname", "")).startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))
