"""The candidates compared on the same test rows: verdicts in words, and a table of figures."""

import math

import streamlit as st

from app.components.compare.candidate_picker import Picked
from app.state import cli_queries
from app.widgets import table
from app.wording import head_to_head as words
from app.wording.shared import common
from fairprog_core.common.errors import DataError
from fairprog_core.results.head_to_head import ComparisonJson


def compare(value: Picked, *, seconds: float | None = None) -> ComparisonJson | None:
    """Compare the candidates; None, with a sentence that says why, where they cannot be compared.

    Args:
        value: the choices on the page.
        seconds: the training time for the area in time; None: as long as the longest candidate takes.
    """
    try:
        return cli_queries.compare(
            value.candidates, against=value.against, seconds=_all_seconds(value) if seconds is None else seconds
        )
    except DataError as error:
        st.info(common.plain(str(error)))
        st.page_link("views/tradeoff.py", label=words.TO_TRADEOFF)
        return None


def show(value: ComparisonJson, *, picked: Picked, key: str) -> ComparisonJson:
    """Draw verdicts and figures; the comparison at the training time in the field.

    Args:
        value: the comparison, see ``compare``.
        picked: the choices on the page.
        key: of the table, and beginning of the field's key.
    """
    if len(picked.candidates) == 1:
        st.info(words.ONE_METHOD)
        st.page_link("views/train.py", label=words.TO_TRAIN)
    else:
        _show_verdicts(value, picked)
    st.header(words.FIGURES, anchor=False)
    comparison, is_timed = _at_seconds(value, picked, key=f"{key}-seconds")
    st.markdown(words.about(comparison, picked.names))
    table.show(words.table(comparison, picked.names, is_timed=is_timed), key=key)
    for note in words.NOTES:
        st.caption(note)
    return comparison


def _show_verdicts(comparison: ComparisonJson, value: Picked) -> None:
    """Draw the verdicts in words."""
    st.header(words.VERDICTS_TITLE, anchor=False)
    for sentence in words.sentences(comparison, value.names):
        st.markdown(sentence)
    for note in (words.one_seed(comparison, value.names), words.fewer_lams(comparison, value.names)):
        if note:
            st.markdown(note)


def _at_seconds(comparison: ComparisonJson, value: Picked, *, key: str) -> tuple[ComparisonJson, bool]:
    """Draw the field for a limit of the training time, at first empty; the comparison, and whether it has a limit."""
    keys = [each.key for each in value.candidates]
    seconds = st.number_input(
        words.SECONDS, min_value=0.0, value=None, step=10.0, format="%.1f", placeholder=words.NO_LIMIT,
        help=words.SECONDS_HELP, key="-".join([key, comparison["against"], *keys]), width=320,
    )  # fmt: skip
    if seconds is None:
        return comparison, False
    return compare(value, seconds=seconds) or comparison, True


def _all_seconds(value: Picked) -> float:
    """The training time of the slowest candidate, rounded up to 0.1 s: all curves fit into it."""
    seconds = [float(curve.seconds) for each in value.candidates for curve in each.curves]
    return math.ceil(10 * max(seconds, default=0.0)) / 10
