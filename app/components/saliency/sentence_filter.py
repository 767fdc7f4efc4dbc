"""Widgets that choose the listed sentences, and the λ that have a row."""

from collections.abc import Sequence
from typing import NamedTuple

import streamlit as st

from app.components.saliency import one_or_all
from app.wording import saliency as shared
from app.wording import sentences as words
from app.wording.shared import common


class SentenceFilter(NamedTuple):
    """The choices for a list of sentences.

    Attributes:
        wanted: a key of ``wording.saliency.FILTERS``.
        group: a group's index; None for all.
        label: a label's index; None for all.
        rows: indices of the λ that have a row.
    """

    wanted: str = "all"
    group: int | None = None
    label: int | None = None
    rows: tuple[int, ...] = ()


def remembered_rows(value: SentenceFilter, *, key: str, n: int) -> tuple[int, ...]:
    """The λ that have a row, before `show` draws their widget: the visitor's own sentence above has them too.

    Args:
        value: the initial choices.
        key: beginning of the widgets' keys.
        n: number of λ.
    """
    rows = st.session_state.get(f"{key}-rows", value.rows)
    return tuple(sorted(row for row in rows or () if row < n))


def show(
    value: SentenceFilter, *, key: str, groups: Sequence[str], labels: Sequence[str], lams: Sequence[float]
) -> SentenceFilter:
    """Draw the widgets.

    Args:
        value: the initial choices.
        key: beginning of the widgets' keys.
        groups: names of the groups.
        labels: the c class names.
        lams: the l values of λ.
    """
    first, second, third = st.columns([5, 3, 3])
    wanted = first.selectbox(
        words.SHOW, list(shared.FILTERS), format_func=shared.FILTERS.__getitem__, key=f"{key}-filter"
    )
    with second:
        group = one_or_all.show(
            [common.group(name) for name in groups], key=f"{key}-group", label=shared.GROUP,
            everything=shared.ALL_GROUPS,
        )  # fmt: skip
    with third:
        label = one_or_all.show(labels, key=f"{key}-label", label=words.LABEL, everything=words.ALL_LABELS)
    rows = st.pills(
        words.ROWS, range(len(lams)), selection_mode="multi", default=list(value.rows), key=f"{key}-rows",
        format_func=lambda j: common.lam(lams[j]), help=words.ROWS_HELP, wrap=True,
    )  # fmt: skip
    return SentenceFilter(wanted, group, label, tuple(sorted(rows)))
