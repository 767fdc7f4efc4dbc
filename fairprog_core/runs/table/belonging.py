"""Which home a database belongs to: results lie in the home, so that two homes must not share one run table.

A home that uses a database of its own holds a note with an id, and the database holds the same id.
"""

import json
import secrets
import socket
from pathlib import Path
from typing import Literal

from pydantic import Field
from sqlalchemy import Connection, insert, select

from fairprog_core.common.errors import ArtifactError, shorten
from fairprog_core.common.files.json_values import Header, from_json
from fairprog_core.common.home import Home, is_file, replacing
from fairprog_core.runs.table.tables import HOMES

SCHEMA = "fairprog.database/1"


class DatabaseNote(Header):
    """The content of a home's note.

    Attributes:
        format: its schema.
        id: of the home, 32 hex digits.
        address: of the database, as it was called when the home began to use it; without a password.
    """

    format: Literal["fairprog.database/1"] = Field(alias="schema")
    id: str = Field(pattern="^[0-9a-f]{32}$")
    address: str


def read_note(home: Home) -> DatabaseNote | None:
    """The note of a home; None: its run table is the file in it.

    Raises:
        ArtifactError: the note is damaged.
    """
    path = home.database_note
    if not is_file(path):
        return None
    try:
        return DatabaseNote.model_validate(from_json(path.read_bytes()))
    except (OSError, ValueError) as error:
        raise ArtifactError(
            f"{shorten(path)} is damaged; put back a copy of it: it says to which database this home belongs."
        ) from error


def check_own_file(home: Home) -> None:
    """Refuse the file in the home as its run table where the runs are in a database.

    Raises:
        ArtifactError: they are.
    """
    if (note := read_note(home)) is not None:
        raise ArtifactError(
            f"The runs of this home are in the database {shorten(note.address, 80)}; set FAIRPROG_DB_URL to its "
            f"address, or remove {shorten(home.database_note)} to begin a run table in the home itself."
        )


def is_home_of(connection: Connection, home: Home) -> bool:
    """Whether the database belongs to the home; False: it belongs to none yet.

    Raises:
        ArtifactError: it belongs to another home.
    """
    found = connection.execute(select(HOMES.c.id, HOMES.c.place)).first()
    if found is None:
        return False
    note = read_note(home)
    if note is None or note.id != found.id:
        raise ArtifactError(
            f"The database of FAIRPROG_DB_URL belongs to the home {shorten(found.place, 80)}, where its results lie, "
            f"not to {shorten(home.path, 80)}; use that home, from other machines as a shared folder, or name "
            "another database."
        )
    return True


def make_home_of(connection: Connection, home: Home, address: str) -> None:
    """Write into a database that belongs to no home that it is this one's, and into the home that it uses it.

    Args:
        connection: of a write transaction; the caller also holds a lock of the home.
        home: the home.
        address: of the database, without a password.
    """
    note = read_note(home)
    own_id = note.id if note else secrets.token_hex(16)
    with replacing(home.database_note) as part:
        _write(part, own_id, address)
    connection.execute(insert(HOMES).values(id=own_id, place=f"{home.path} on {socket.gethostname()}"))


def _write(path: Path, own_id: str, address: str) -> None:
    path.write_text(json.dumps({"schema": SCHEMA, "id": own_id, "address": address}, indent=2) + "\n", "utf-8")
