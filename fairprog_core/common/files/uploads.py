"""Files that visitors of the dashboard uploaded: kept in the home until they delete them. Torch-free.

Every upload has a folder ``uploads/<id>/`` with the file and ``upload.json``. The id is a digest of the content, the
name and the visitor: nobody can name the upload of another visitor without knowing all three.
"""

import contextlib
import hashlib
import json
import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pydantic import Field, ValidationError

from fairprog_core.common.errors import ConfigError, DataError, shorten
from fairprog_core.common.files.json_values import Header, from_json
from fairprog_core.common.home import ABOUT_UPLOAD, UPLOAD_ID, Home, is_file, replacing
from fairprog_core.common.limits import limits

_MOST_OF_A_NAME = 80  # letters
_BLOCK = 1 << 20  # bytes per read


class UploadHeader(Header):
    """The content of ``upload.json``.

    Attributes:
        name: of the file, as the visitor's machine called it.
        added: seconds since 1970.
        visitor: who uploaded it, a digest; None: the owner of the server.
    """

    name: str = Field(max_length=255)
    added: float
    visitor: str | None = Field(max_length=64)


@dataclass(frozen=True)
class Upload:
    """One uploaded file.

    Attributes:
        id: name of its folder.
        path: of the file.
        about: its name and origin.
        n_bytes: its size.
    """

    id: str
    path: Path
    about: UploadHeader
    n_bytes: int


def keep_upload(home: Home, name: str, content: BinaryIO, *, visitor: str | None = None) -> Upload:
    """Copy an uploaded file into the home; the same file of the same visitor is kept once.

    Args:
        home: that keeps it.
        name: of the file, as the visitor's machine calls it.
        content: of the file, from its beginning.
        visitor: who uploads it; None: the owner of the server.

    Raises:
        DataError: it is empty, or larger than allowed.
    """
    name = name.encode(errors="replace").decode()[:255]  # no half characters
    digest = hashlib.sha256(f"{visitor}\n{name}\n".encode())
    n_bytes = 0
    for block in _blocks(content):
        digest.update(block)
        n_bytes += len(block)
    _check_size(name, n_bytes)
    upload_id = digest.hexdigest()[:32]
    folder = home.uploads / upload_id
    if (known := _read(folder)) is not None:
        return known
    about = UploadHeader(name=name, added=time.time(), visitor=visitor)
    content.seek(0)
    with replacing(folder) as part:
        part.mkdir()
        with (part / _file_name(name)).open("wb") as file:
            shutil.copyfileobj(content, file, _BLOCK)
        (part / ABOUT_UPLOAD).write_text(json.dumps(about.model_dump()), "utf-8")
    upload = _read(folder)
    if upload is None:
        raise DataError(f"The upload {shorten(name, 60)} was removed while it was written; upload it again.")
    return upload


def uploads(home: Home) -> list[Upload]:
    """All uploads of a home, the newest first; what is damaged is left out."""
    try:
        folders = list(home.uploads.iterdir())
    except OSError:
        return []
    found = [upload for folder in folders if (upload := _read(folder)) is not None]
    return sorted(found, key=lambda upload: (-upload.about.added, upload.id))


def find_upload(home: Home, upload_id: str) -> Upload | None:
    """The upload with this id; None: there is none."""
    return _read(home.uploads / upload_id) if UPLOAD_ID.fullmatch(upload_id) else None


def remove_upload(home: Home, upload_id: str) -> None:
    """Delete an upload; one that is gone already is no error.

    Raises:
        ConfigError: this is no id of an upload.
    """
    if not UPLOAD_ID.fullmatch(upload_id):
        raise ConfigError(f"{shorten(upload_id, 60)} is no id of an upload.")
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(home.uploads / upload_id)


def _read(folder: Path) -> Upload | None:
    if not UPLOAD_ID.fullmatch(folder.name) or not is_file(folder / ABOUT_UPLOAD):
        return None
    try:
        about = UploadHeader.model_validate(from_json((folder / ABOUT_UPLOAD).read_text("utf-8")))
        path = folder / _file_name(about.name)
        return Upload(folder.name, path, about, path.stat().st_size)
    except (OSError, ValueError, ValidationError):
        return None


def _check_size(name: str, n_bytes: int) -> None:
    now = limits()
    if not n_bytes:
        raise DataError(f"{shorten(name, 60)} is empty; upload a file with content.")
    if n_bytes > now.upload_megabytes * 1_000_000:
        megabytes = f"{n_bytes / 1_000_000:,.0f}"
        raise DataError(now.refusal("upload_megabytes", f"{shorten(name, 60)} has {megabytes} MB"))


def _file_name(name: str) -> str:
    """A name without anything that a path or a shell gives a meaning to; its endings stay."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "_", Path(name.replace("\\", "/")).name).lstrip("._-")[-_MOST_OF_A_NAME:]
    return plain if plain and plain != ABOUT_UPLOAD else f"file-{plain}" if plain else "file"


def _blocks(content: BinaryIO) -> Iterator[bytes]:
    while block := content.read(_BLOCK):
        yield block
