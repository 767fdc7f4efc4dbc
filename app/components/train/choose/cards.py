"""Three cards to begin with: drawn faces, made-up comments, your own data; each with the time that it takes here."""

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import streamlit as st
from PIL import Image

from app.presenters import thumbnails
from app.state import own_data, run_store
from app.wording import train as words
from app.wording.shared import common
from fairprog_core.common.files.speed import read_speed
from fairprog_core.study import Study
from fairprog_core.study.cost import expected_seconds
from fairprog_core.study.settings import shipped

FACES, COMMENTS, OWN = "faces-quick", "comments-quick", "own"  # presets, and that of a visitor's own data


def show(value: str, *, key: str, chosen: str) -> str:
    """Draw the cards.

    Args:
        value: the preset that is chosen now.
        key: prefix of the keys.
        chosen: session key of the chosen preset.
    """
    with st.container(key=f"{key}-row"):
        for column, name in zip(st.columns(3, gap="small"), (FACES, COMMENTS, OWN), strict=True):
            look = "chosen" if value == name else "offered"
            with column, st.container(border=True, height="stretch", gap="xsmall", key=f"{key}-{look}-{name}"):
                _card(name, is_chosen=value == name, key=f"{key}.{name}", chosen=chosen)
    return value


def _card(name: str, *, is_chosen: bool, key: str, chosen: str) -> None:
    """Draw one card."""
    title, about = words.CARDS[name]
    own = own_data.dataset() if name == OWN else None
    st.header(title, anchor=False)
    if name == FACES:
        st.image(_faces(run_store.home().path), width="stretch", alt=words.CARD_FACES)
    elif name == COMMENTS:
        st.markdown(words.CARD_COMMENT)
    elif own is not None:
        st.markdown(f"**{common.plain(Path(str(own['path'])).name)}**")
    st.markdown(about)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        if name == OWN and own is None:
            if st.button(words.TO_DATA, key=f"{key}.choose"):
                st.switch_page("views/data.py")
            return
        st.caption("" if name == OWN else words.takes(minutes(shipped()[name])), width="content")
        label = words.CARD_CHOSEN if is_chosen else words.CARD_CHOOSE
        st.button(label, key=f"{key}.choose", disabled=is_chosen, on_click=_choose, args=(chosen, name))


def _choose(chosen: str, name: str) -> None:
    st.session_state[chosen] = name


def minutes(study: Study) -> float:
    """Expected seconds of a study on this machine, where its base is at hand or has to be trained."""
    trains = study.classifier.weights_from == "train"
    return sum(expected_seconds(study, trains_base=trains, speed=read_speed(run_store.home())).values())


def order(about: Mapping[str, str]) -> list[str]:
    """The presets in the order of the time that they take; those that need files of the visitor come last."""
    return sorted(about, key=lambda name: (name != OWN, *_rank(name)))


@st.cache_data(show_spinner=False)
def _rank(name: str) -> tuple[bool, float]:
    if name == OWN:
        return False, 0.0
    study = shipped()[name]
    return study.dataset.missing_field() is not None, sum(expected_seconds(study, trains_base=False).values())


@st.cache_data(show_spinner=False)
def _faces(home: Path) -> bytes:
    return png(np.concatenate(thumbnails.faces(home), axis=1))


def png(picture: thumbnails.Thumbnail) -> bytes:
    """A picture as the bytes of a PNG."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    return buffer.getvalue()
