"""Methods against each other: verdicts in words and figures, from the same rows."""

from typing import Any

import streamlit as st

from app import duels
from app.components import table
from app.components.duel_picker import Picked
from app.wording import common
from app.wording import duel as words
from fairprog_core.errors import DataError


def show(value: Picked, *, key: str) -> dict[str, Any] | None:
    """Draw them; None, with a sentence that says what to do, where the curves cannot be compared.

    Args:
        value: what was chosen.
        key: of the table, and beginning of the field's key.
    """
    if len(value.contenders) == 1:
        st.info(words.ONE_METHOD)
        st.page_link("views/train.py", label=words.TO_TRAIN)
    try:
        judged = duels.judge(value.contenders, against=value.against)
    except DataError as error:
        st.info(common.plain(f"{error} {words.OTHER_ROWS}"))
        st.page_link("views/tradeoff.py", label=words.TO_TRADEOFF)
        return None
    if len(value.contenders) > 1:
        _say(judged, value)
    st.header(words.FIGURES, anchor=False)
    judged = _in_time(judged, value, key=f"{key}-seconds")
    table.show(words.table(judged, value.names), key=key)
    for note in words.NOTES:
        st.caption(note)
    return judged


def _say(judged: dict[str, Any], value: Picked) -> None:
    """The verdicts in words."""
    st.header(words.VERDICTS_TITLE, anchor=False)
    for sentence in words.sentences(judged, value.names):
        st.markdown(sentence)
    if note := words.one_seed(judged, value.names):
        st.markdown(note)


def _in_time(judged: dict[str, Any], value: Picked, *, key: str) -> dict[str, Any]:
    """The duel at the seconds that are asked for; at first those of the one that is compared with."""
    usual = round(judged["within"], 1)
    asked = st.number_input(
        words.SECONDS, min_value=0.0, value=usual, step=10.0, format="%.1f", help=words.SECONDS_HELP,
        key=f"{key}-{judged['against']}", width=320,
    )  # fmt: skip
    return judged if asked == usual else duels.judge(value.contenders, against=value.against, seconds=asked)
