"""Refusals of a database server in one sentence each; the errors are recognised without their driver, psycopg."""

import re
from typing import Literal

from fairprog_core.common.errors import shorten

Refusal = Literal["away", "busy", "refused"]

ADDRESS = "fairprog_address"  # attribute of a driver's error: the address of the database, without a password
_KINDS: dict[str, Refusal] = {
    "08": "away",  # a connection that broke
    "53": "away",  # no connection, memory or disk left
    "57P": "away",  # the server stops, or has just started
    "25P03": "away",  # the server ended a transaction that had stood still
    "40": "busy",  # a deadlock, or transactions that cannot be serialised
    "55P03": "busy",  # a lock that was waited for in vain
    "28": "refused",
    "3D": "refused",
    "25006": "refused",  # a server that only reads: a copy of another one
    "42501": "refused",
}
"""Per SQLSTATE, or how it begins: what it means for who waits."""
_SENTENCES: dict[Refusal, str] = {
    "away": (
        "The run table at {place} does not answer ({reason}); start its server or correct FAIRPROG_DB_URL, then try "
        "again or resume the run: what is finished is kept."
    ),
    "busy": (
        "Another program keeps the run table at {place} locked ({reason}); wait until it is done, then try again or "
        "resume the run: what is finished is kept."
    ),
    "refused": (
        "The run table at {place} is closed to this user ({reason}); correct user, password and name in "
        "FAIRPROG_DB_URL, and let the user own the database."
    ),
}
# The server gives no SQLSTATE where a connection begins. In another language these count as "away"
_REFUSED = re.compile(
    r"authentication failed|no password supplied|does not exist|pg_hba\.conf|not permitted|permission denied", re.I
)


def server_refusal(error: BaseException) -> Refusal | None:
    """What a database server refuses with an error of its driver; None: the error has another cause.

    Returns:
        "away": it does not answer now. "busy": it has no time for this change now. "refused": it will not let this
        user do this, however often it is asked.
    """
    if not _is_of_driver(error):
        return None
    state = getattr(error, "sqlstate", None)
    if state is None:
        is_lasting = _REFUSED.search(str(error)) is not None
        return ("refused" if is_lasting else "away") if _names(error) & {"OperationalError", "InterfaceError"} else None
    return next((kind for beginning, kind in _KINDS.items() if str(state).startswith(beginning)), None)


def server_sentence(error: BaseException) -> str | None:
    """The sentence for an error of a database server's driver; None: the error has another cause."""
    kind = server_refusal(error)
    if kind is None:
        return None
    place = getattr(error, ADDRESS, "FAIRPROG_DB_URL")
    return _SENTENCES[kind].format(place=shorten(place, 80), reason=server_reason(error))


def server_reason(error: BaseException) -> str:
    """What a driver's error says, without what it says about itself."""
    lines = [line for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    if "FATAL:" in str(error):
        lines = str(error).split("FATAL:")[-1].strip().splitlines()
    return shorten(lines[0].rpartition(" failed: ")[2].removeprefix("connection failed: ").rstrip("."), 80)


def _is_of_driver(error: BaseException) -> bool:
    return any(kind.__module__.partition(".")[0] == "psycopg" for kind in type(error).__mro__)


def _names(error: BaseException) -> set[str]:
    return {kind.__name__ for kind in type(error).__mro__}
