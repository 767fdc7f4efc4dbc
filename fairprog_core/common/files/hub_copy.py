"""Data sets on the Hugging Face hub, downloaded once: the home keeps where each copy lies."""

import hashlib
from collections.abc import Generator
from pathlib import Path

from fairprog_core.common.files.hub import Download, download
from fairprog_core.common.home import Home, is_folder, replacing


def fetch_copy(name: str, home: Home) -> Generator[Download, None, None]:
    """Download a data set that has no copy here. Closing the generator ends the download.

    Args:
        name: on the hub, ``owner/name``.
        home: that keeps where the copy lies.

    Raises:
        DataError: there is no such data set, or it is larger than allowed.
    """
    if copy_of(name, home) is None:
        found = yield from download(name, "dataset")
        with replacing(_note(name, home)) as note:
            note.write_text(str(found), "utf-8")


def copy_of(name: str, home: Home) -> Path | None:
    """The folder of the copy; None: it was not downloaded, or is gone."""
    try:
        found = Path(_note(name, home).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return found if is_folder(found) else None


def _note(name: str, home: Home) -> Path:
    """The file that says where the copy lies."""
    return home.cache / "hub" / f"{hashlib.sha256(name.encode()).hexdigest()[:16]}.txt"
