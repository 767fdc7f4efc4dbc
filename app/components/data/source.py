"""Choose the table: upload it, take an earlier upload, or name a path of the server."""

from pathlib import Path

import streamlit as st

from app.state import own_data, run_store
from app.widgets import confirm
from app.wording import data as words
from app.wording.shared import common
from fairprog_core.common.errors import DataError
from fairprog_core.common.files.uploads import Upload
from fairprog_core.common.home import is_file, is_folder, user_path
from fairprog_core.common.limits import limits
from fairprog_core.common.sharing import sharing
from fairprog_core.data import TableOptions
from fairprog_core.data.table.source.find import is_on_hub


def show(*, key: str) -> Path | None:
    """Draw the chosen table with a way back, or the choice; the path of the table, None until one is chosen."""
    path = own_data.source()
    if path is None:
        _choose(key)
        return None
    with st.container(horizontal=True, vertical_alignment="center", key=f"{key}.chosen"):
        st.markdown(f"**{common.plain(path.name)}**")
        if st.button(words.AGAIN, key=f"{key}.again", type="tertiary"):
            own_data.choose_source(None)
            st.rerun()
    if not (is_file(path) or is_folder(path) or is_on_hub(str(path))):
        st.warning(words.GONE.format(name=common.plain(path.name)))
        return None
    return path


def _choose(key: str) -> None:
    policy = sharing()
    folder = str(run_store.home().uploads)
    megabytes = limits().upload_megabytes
    st.caption(common.plain(words.upload_note(megabytes, folder, is_shared=policy.is_shared)))
    file = st.file_uploader(words.UPLOAD, words.TYPES, max_upload_size=megabytes, key=f"{key}.file")
    if file is not None:
        confirm.attempt(lambda: own_data.choose_source(own_data.keep(file.name, file).path))
    may_be_path, may_be_on_hub = policy.may_name("folders"), policy.may_name("hub")
    if may_be_path or may_be_on_hub:
        label = words.place(is_shared=policy.is_shared, may_be_path=may_be_path, may_be_on_hub=may_be_on_hub)
        with st.form(f"{key}.folder", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
            text = st.text_input(label, key=f"{key}.path", help=words.FOLDER_HELP)
            if st.form_submit_button(words.OPEN) and text.strip():
                confirm.attempt(lambda: own_data.choose_source(_existing(text.strip())))
    _earlier(own_data.kept(), key=f"{key}.earlier")


@st.dialog(words.DELETE_TITLE, on_dismiss=lambda: own_data.ask_removal(None))
def confirm_removal(value: Upload, *, key: str) -> None:
    """Ask whether to delete an upload with all that was made from it; delete it after a yes."""
    made = own_data.made(value)
    name = common.plain(value.about.name)
    st.markdown(words.about_removal(name, len(made.rows), len(made.bases), [run.name for run in made.runs]))
    with st.container(horizontal=True):
        if st.button(words.DELETE_YES, type="primary", key=f"{key}.yes"):
            own_data.ask_removal(None)
            confirm.attempt(lambda: own_data.remove(value.id))
        if st.button(words.DELETE_NO, key=f"{key}.no"):
            own_data.ask_removal(None)
            st.rerun()


def _existing(text: str) -> Path:
    """A path or a name on the hub that somebody typed.

    Raises:
        ConfigError: no file can have it, or the owner of a shared server does not allow it.
        DataError: nothing is there.
    """
    sharing().check(TableOptions.parse({"path": text}))
    if is_on_hub(text):
        return Path(text)
    path = user_path(text).absolute()
    if not (is_file(path) or is_folder(path)):
        raise DataError(f"There is no file or folder {path}; check the path, or upload the table.")
    return path


def _earlier(value: list[Upload], *, key: str) -> None:
    """Draw the uploads with their size and age; each can be used again, or deleted."""
    if not value:
        return
    st.header(words.EARLIER, anchor=False)
    for upload in value:
        with st.container(horizontal=True, vertical_alignment="center", key=f"{key}.{upload.id}"):
            st.markdown(f"**{common.plain(upload.about.name)}**", width="content")
            st.caption(words.about_upload(upload.n_bytes, upload.about.added), width="content")
            if st.button(words.USE, key=f"{key}.use.{upload.id}"):
                confirm.attempt(lambda upload=upload: own_data.choose_source(upload.path))  # type: ignore[misc]
            if st.button(words.DELETE, key=f"{key}.delete.{upload.id}", type="tertiary"):
                own_data.ask_removal(upload.id)
                st.rerun()
