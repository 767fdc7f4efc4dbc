"""Waits for a run table that is locked, or whose server is away: that must not end a run that is under way."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import DatabaseError

from fairprog_core.common.errors import FairprogError
from fairprog_core.common.errors.database_server import Refusal, server_refusal

T = TypeVar("T")

SECONDS = 90.0  # after this time a lock counts as lasting
AWAY_SECONDS = 600.0  # after this time a server counts as gone
PAUSE_SECONDS = 0.5  # between two attempts; for a lock the database itself waits half a minute each time


def patiently(action: Callable[[], T]) -> T:
    """Call ``action`` again as long as the run table is locked, or its server does not answer.

    Raises:
        DatabaseError: that lasts, or the table cannot be used for another reason.
        FairprogError: the same, where ``action`` opens the table.
    """
    begun = time.monotonic()
    while True:
        try:
            return action()
        except (DatabaseError, FairprogError) as error:
            refusal = passing_refusal(error)
            if refusal is None or time.monotonic() - begun > (AWAY_SECONDS if refusal == "away" else SECONDS):
                raise
        threading.Event().wait(PAUSE_SECONDS)


def passing_refusal(error: BaseException | None) -> Refusal | None:
    """Whether another process holds the run table at the moment ("busy"), or its server does not answer ("away").

    Args:
        error: of a query; or a `FairprogError` that one has caused. None: there is no error.
    """
    while error is not None and not isinstance(error, DatabaseError):
        error = error.__cause__
    if error is None or error.orig is None:
        return None
    if str(getattr(error.orig, "sqlite_errorname", "")).startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return "busy"
    refusal = server_refusal(error.orig)
    return None if refusal == "refused" else refusal
