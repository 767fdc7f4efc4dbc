"""Turns an error into the sentence that a page shows."""

import re

from app.state import run_store
from fairprog_core.common.errors import FairprogError
from fairprog_core.common.errors.machine import machine_error
from fairprog_core.common.sharing import sharing

_DATABASE = re.compile(r"\bpostgresql://\S+?(?=[,;]?(\s|$))")


def sentence_of(error: Exception) -> str | None:
    """The sentence of a `FairprogError`, of a full disk and the like; None: the error is a bug.

    Visitors of a shared server do not learn the address of its database.
    """
    sentence = _sentence(error)
    if sentence is None or not sharing().is_shared:
        return sentence
    return _DATABASE.sub("the server's database", sentence)


def _sentence(error: Exception) -> str | None:
    if isinstance(error, FairprogError):
        return str(error)
    try:
        folder = run_store.home().path
    except OSError:  # the error itself names what is wrong
        folder = None
    known = machine_error(error, folder)
    return None if known is None else str(known)
