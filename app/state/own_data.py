"""A visitor's own data: the uploaded files, and the mapping of columns that the page Train begins with."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import streamlit as st

from app.state import run_store
from app.state.session import _key
from fairprog_core.classifiers.uploaded import unpack_model
from fairprog_core.common.errors import ModelError, RunError
from fairprog_core.common.files import uploads
from fairprog_core.common.files.uploads import Upload
from fairprog_core.common.sharing import sharing

if TYPE_CHECKING:
    from fairprog_core.api.made_from import MadeFrom
    from fairprog_core.study import Study
    from fairprog_core.study.cost import Sizes

SOURCE = "own_source"  # session: the path of the table
SIZES = "own_sizes"  # session: numbers of its rows by split
MODEL = "own_model"  # session: the id of the uploaded classifier
SECOND = "own_second"  # session: with the path of the table, that of the table that is joined to it
DATASET = "own_dataset"  # session: the options of the data set, as JSON values


def source() -> Path | None:
    """The table that the page Data shows; None: none is chosen, or it is gone."""
    found = st.session_state.get(_key(SOURCE))
    return Path(found) if found else None


def choose_source(path: Path | None) -> None:
    """Show a table on the page Data; None: let the visitor choose one."""
    st.session_state[_key(SOURCE)] = None if path is None else str(path)


def second(path: Path) -> Path | None:
    """The second table that is joined to a table; None: there is none."""
    found = st.session_state.get(_key(f"{SECOND}.{path}"))
    return Path(found) if found else None


def choose_second(path: Path, also: Path | None) -> None:
    """Join a second table to the one at a path; None: none."""
    st.session_state[_key(f"{SECOND}.{path}")] = None if also is None else str(also)


def dataset() -> Mapping[str, Any] | None:
    """The options of the data set that the visitor trains on; None where none was chosen."""
    found: Mapping[str, Any] | None = st.session_state.get(_key(DATASET))
    return found


def choose_dataset(options: Mapping[str, Any] | None, sizes: "Sizes | None" = None) -> None:
    """Let the page Train begin with these data; None: with shipped ones.

    Args:
        options: of the data set.
        sizes: numbers of its rows by split.
    """
    st.session_state[_key(DATASET)] = options
    st.session_state[_key(SIZES)] = sizes


def sizes(study: "Study") -> "Sizes | None":
    """Numbers of rows by split where the study is on the visitor's own data, and they were counted."""
    found: Sizes | None = st.session_state.get(_key(SIZES))
    return found if found and study.dataset.to_json() == dataset() else None


def model() -> Upload | None:
    """The uploaded classifier that the form on the page Train begins with; None: none, or it was deleted."""
    upload_id = st.session_state.get(_key(MODEL))
    return uploads.find_upload(run_store.home(), upload_id) if upload_id else None


def choose_model(upload: Upload | None) -> None:
    """Let the form on the page Train begin with an uploaded classifier; None: with a usual one."""
    st.session_state[_key(MODEL)] = None if upload is None else upload.id


def keep_model(name: str, content: BinaryIO) -> Upload:
    """Keep an uploaded classifier in the home, and unpack it.

    Raises:
        DataError: it is empty, or larger than allowed.
        ModelError: it is no zip of a model, or is not to be trusted; nothing is kept then.
    """
    upload = keep(name, content)
    try:
        unpack_model(upload)
    except ModelError:
        uploads.remove_upload(run_store.home(), upload.id)
        raise
    return upload


def unpacked(upload: Upload) -> Path:
    """The folder of an uploaded classifier.

    Raises:
        ModelError: it cannot be unpacked any more.
    """
    return unpack_model(upload)


def keep(name: str, content: BinaryIO) -> Upload:
    """Keep an uploaded file in the home.

    Raises:
        DataError: it is empty, or larger than allowed.
    """
    return uploads.keep_upload(run_store.home(), name, content, visitor=run_store.visitor_digest())


def kept() -> list[Upload]:
    """The uploads of this visitor, newest first; where the server is not shared, all uploads."""
    found = uploads.uploads(run_store.home())
    if not sharing().is_shared:
        return found
    return [upload for upload in found if upload.about.visitor == run_store.visitor_digest()]


def made(upload: Upload) -> "MadeFrom":
    """What was made from an upload."""
    from fairprog_core.api.made_from import made_from

    return made_from(run_store.store(), upload.path.parent)


def ask_removal(upload_id: str | None) -> None:
    """Let the page ask to confirm the removal of an upload; None closes the question."""
    st.session_state[_key("upload_removal")] = upload_id


def asked_removal() -> Upload | None:
    """The upload whose removal the page asks to confirm; None where it asks nothing."""
    upload_id = st.session_state.get(_key("upload_removal"))
    return uploads.find_upload(run_store.home(), upload_id) if upload_id else None


def remove(upload_id: str) -> None:
    """Delete an upload, with all that was made from it: copies of rows, bases, runs.

    Raises:
        RunError: it is another visitor's, or a run is running on it.
    """
    from fairprog_core.api.made_from import remove_made

    upload = uploads.find_upload(run_store.home(), upload_id)
    if upload is None:
        return
    if upload not in kept():
        raise RunError("This upload is another visitor's; only the browser that uploaded it may delete it.")
    remove_made(run_store.store(), made(upload))
    uploads.remove_upload(run_store.home(), upload_id)
    if source() == upload.path:
        choose_source(None)
    chosen = dataset()
    if chosen is not None and str(upload.path) in (chosen.get("path"), chosen.get("root"), chosen.get("also")):
        choose_dataset(None)
