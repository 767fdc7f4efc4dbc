"""The answers of a black box by content, so that no row is sent twice, and how many rows were sent for what.

Both are kept in an SQLite file, which is written after every request: a run that is interrupted loses nothing.
"""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fairprog_core.common.errors import MachineError
from fairprog_core.common.home import set_aside

FILE = "answers.sqlite"
_TABLES = """
create table if not exists answers (key blob primary key, probabilities blob not null) without rowid;
create table if not exists sent (curve text, purpose text, n integer not null, primary key (curve, purpose))
without rowid;
"""
_AT_ONCE = 500  # keys per question to SQLite


class KeptAnswers:
    """Answers and counts, in memory until `keep_in` names a folder.

    Attributes:
        curve: key of the curve that rows are sent for from now on; empty: for the base itself.
        purpose: what they are sent for.
    """

    def __init__(self) -> None:
        self.curve, self.purpose = "", "other"
        self._database = _opened(":memory:")

    def keep_in(self, folder: Path) -> None:
        """Go on with the file in a folder; a damaged one is renamed, and its rows are sent again."""
        file = folder / FILE
        try:
            self._database = _opened(str(file))
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):  # e.g. the folder is read-only
                raise _cannot_write(error) from error
            set_aside(file, "it is no database", "its rows are sent again")
            self._database = _opened(str(file))

    def find(self, keys: Sequence[bytes]) -> dict[bytes, NDArray[np.float32]]:
        """The answers (m,) that are there, by key."""
        found: dict[bytes, NDArray[np.float32]] = {}
        for start in range(0, len(keys), _AT_ONCE):
            some = keys[start : start + _AT_ONCE]
            marks = ",".join("?" * len(some))
            rows = self._database.execute(f"select key, probabilities from answers where key in ({marks})", some)
            found.update((key, np.frombuffer(answer, dtype=np.float32)) for key, answer in rows)
        return found

    def keep(self, keys: Sequence[bytes], probabilities: NDArray[np.float32], *, n_sent: int) -> None:
        """Keep the answers (k, m) to k rows, and count what was sent for them, tries that failed included."""
        count = "insert into sent values (?, ?, ?) on conflict (curve, purpose) do update set n = n + excluded.n"
        pairs = [(key, row.tobytes()) for key, row in zip(keys, probabilities, strict=True)]
        try:
            with self._database:
                self._database.executemany("insert or replace into answers values (?, ?)", pairs)
                self._database.execute(count, (self.curve, self.purpose, n_sent))
        except sqlite3.OperationalError as error:
            raise _cannot_write(error) from error

    def counts(self) -> dict[str, dict[str, int]]:
        """Rows sent so far, by curve and purpose."""
        found: dict[str, dict[str, int]] = {}
        for curve, purpose, n in self._database.execute("select curve, purpose, n from sent"):
            found.setdefault(curve, {})[purpose] = n
        return found


def _opened(name: str) -> sqlite3.Connection:
    database = sqlite3.connect(name, timeout=30, check_same_thread=False)
    try:
        database.executescript(_TABLES)
    except sqlite3.Error:
        database.close()
        raise
    return database


def _cannot_write(error: Exception) -> MachineError:
    return MachineError(
        f"The answers of the black box cannot be kept ({error}); free space or allow writing, and resume the run: the "
        "answers before are kept."
    )
