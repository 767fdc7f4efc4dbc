"""The two choices that matter, above the form: which kind of trigger, and what is to be equal.

They show and change the same values as the form's fields.
"""

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from app.components.train.choose.cards import png
from app.presenters import thumbnails
from app.state import run_store
from app.wording import train as words
from app.wording.shared import common
from fairprog_core.common.sharing import sharing
from fairprog_core.study import Study
from fairprog_core.training.criteria import CRITERIA
from fairprog_core.triggers import TRIGGERS

WIDTH = {"image": 140, "text": 300}  # px of a trigger


def show(value: Study, *, key: str) -> Study:
    """Draw both choices.

    Args:
        value: the study that the form begins with.
        key: prefix of the keys of the form's fields.
    """
    kinds = [
        kind for kind, entry in TRIGGERS.items()
        if entry.options.modality == value.dataset.modality and sharing().offers(entry.options)
    ]  # fmt: skip
    st.header(words.WHICH_TRIGGER, anchor=False)
    chosen = _chosen(f"{key}.triggers.kinds", [each.kind for each in value.triggers])
    with st.container(horizontal=True, gap="medium"):
        for kind in kinds:
            with st.container(width=WIDTH[value.dataset.modality], gap="xsmall"):
                if value.dataset.modality == "image" and (picture := _thumbnail(run_store.home().path, kind)):
                    st.image(picture, width=112, alt=words.TRIGGER_PICTURE.format(kind=common.kind(kind)))
                _switch(common.kind(kind), kind, chosen, field=f"{key}.triggers.kinds")
                if value.dataset.modality == "text":
                    st.caption(words.TEXT_TRIGGERS.get(kind, ""))
    st.header(words.WHAT_IS_EQUAL, anchor=False)
    chosen = _chosen(f"{key}.criteria.kinds", [each.kind for each in value.criteria])
    for kind in CRITERIA:
        name, about = words.CRITERIA.get(kind, (common.kind(kind), ""))
        with st.container(gap=None):
            _switch(f"**{name}**", kind, chosen, field=f"{key}.criteria.kinds")
            st.caption(about)
    return value


def _chosen(field: str, start: Sequence[str]) -> list[str]:
    """What the form's field holds now."""
    return list(st.session_state.get(field, start))


def _switch(label: str, kind: str, chosen: Sequence[str], *, field: str) -> None:
    """Draw one box; it is set from the form's field, and changes it."""
    key = f"quick.{field}.{kind}"
    st.session_state[key] = kind in chosen
    st.checkbox(label, key=key, on_change=_turn, args=(field, kind, list(chosen)))


def _turn(field: str, kind: str, chosen: list[str]) -> None:
    st.session_state[field] = [each for each in chosen if each != kind] if kind in chosen else [*chosen, kind]


@st.cache_data(show_spinner=False)
def _thumbnail(home: Path, kind: str) -> bytes | None:
    picture = thumbnails.with_trigger(home, kind)
    return None if picture is None else png(picture)
