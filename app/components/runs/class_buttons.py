"""What the teacher of a class does with a run: share it with everybody, or put it on the projector."""

import streamlit as st

from app.state import class_room, visitor
from app.widgets import confirm
from app.wording.panels import class_room as words


def show(value: str, *, key: str) -> None:
    """Draw the buttons; nothing for others than the teacher.

    Args:
        value: the id of the run.
        key: beginning of the buttons' keys.
    """
    if not visitor.is_teacher():
        return
    now = class_room.board()
    label = words.UNSHARE if value in now.shared else words.SHARE
    if st.button(label, key=f"{key}.share", type="tertiary", help=words.SHARE_HELP):
        confirm.attempt(lambda: class_room.share(value))
    label = words.UNPROJECT if value == now.projected else words.PROJECT
    if st.button(label, key=f"{key}.project", type="tertiary", help=words.PROJECT_HELP):
        confirm.attempt(lambda: class_room.project(value))
