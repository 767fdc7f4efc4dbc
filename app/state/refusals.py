"""Turns an error into the sentence that a page shows."""

from app.state import run_store
from fairprog_core.common.errors import FairprogError
from fairprog_core.common.errors.machine import machine_error


def sentence_of(error: Exception) -> str | None:
    """The sentence of a `FairprogError`, of a full disk and the like; None: the error is a bug."""
    if isinstance(error, FairprogError):
        return str(error)
    try:
        folder = run_store.home().path
    except OSError:  # the error itself names what is wrong
        folder = None
    known = machine_error(error, folder)
    return None if known is None else str(known)
