"""What a class shares: runs that everybody sees, and the run on the projector; kept in a file of the home."""

import json
from typing import NamedTuple

from app.state import visitor
from app.state.server_home import home
from fairprog_core.common.errors import RunError
from fairprog_core.common.home import replacing
from fairprog_core.results.run_folder import shipped_runs

_FILE = "class.json"


class Board(NamedTuple):
    """The content of the file.

    Attributes:
        shared: the ids of the runs that the class sees, the newest first.
        projected: the id of the run on the projector; empty: none is.
    """

    shared: tuple[str, ...] = ()
    projected: str = ""

    @property
    def seen(self) -> frozenset[str]:
        """The ids of all runs that everybody sees."""
        return frozenset((*self.shared, self.projected)) - {""}


def board() -> Board:
    """What is shared now; nothing where the file is missing or damaged."""
    try:
        found = json.loads((home().path / _FILE).read_text("utf-8"))
        shared = tuple(each for each in found["shared"] if isinstance(each, str))
        return Board(shared, found["projected"] if isinstance(found["projected"], str) else "")
    except (OSError, ValueError, KeyError, TypeError):
        return Board()


def share(run_id: str) -> None:
    """Share a run with the class, or take it back.

    Raises:
        RunError: this visitor is not the teacher.
    """
    _check_teacher()
    now = board()
    kept = tuple(each for each in now.shared if each != run_id and home().run(each).is_dir())
    _write(now._replace(shared=kept if run_id in now.shared else (run_id, *kept)))


def project(run_id: str) -> None:
    """Put a run on the projector, or take it off.

    Raises:
        RunError: this visitor is not the teacher.
    """
    _check_teacher()
    now = board()
    _write(now._replace(projected="" if now.projected == run_id else run_id))


def is_seen_by_all(run_id: str) -> bool:
    """Whether a run is shipped, shared or on the projector."""
    return run_id in shipped_runs() or run_id in board().seen


def _check_teacher() -> None:
    """Refuse what only the teacher of a class may do.

    Raises:
        RunError: this visitor is not the teacher.
    """
    if not visitor.is_teacher():
        raise RunError("Only the teacher of the class may do this: who opened the address on the server's terminal.")


def _write(value: Board) -> None:
    with replacing(home().path / _FILE) as part:
        part.write_text(json.dumps(value._asdict()), "utf-8")
