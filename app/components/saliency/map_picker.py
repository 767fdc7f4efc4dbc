"""Choose what the gallery shows: the map, the control, the explained class, which pictures."""

from collections.abc import Sequence

import streamlit as st

from app.components.saliency.gallery import Choice
from app.wording import saliency as words


def show(value: Choice, *, key: str, groups: Sequence[str], labels: Sequence[str]) -> Choice:
    """Draw the widgets in one row.

    Args:
        value: what is chosen at first.
        key: beginning of the widgets' keys.
        groups: names of the groups.
        labels: the c class names.
    """
    first, second, third, fourth, fifth = st.columns([6, 5, 4, 5, 4])
    view = first.segmented_control(
        words.VIEW, list(words.VIEWS), default=value.view, required=True, key=f"{key}-view", format_func=words.VIEWS.get
    )
    control = second.segmented_control(
        words.CONTROL, list(words.CONTROLS), default=value.control, required=True, key=f"{key}-control",
        format_func=words.CONTROLS.get,
    )  # fmt: skip
    target = None
    if view == "grad_cam":  # other maps are kept for the predicted class alone
        with third:
            target = _one_or_all(words.TARGET, words.PREDICTED, labels, key=f"{key}-target")
    wanted = fourth.selectbox(words.SHOW, list(words.FILTERS), format_func=words.FILTERS.get, key=f"{key}-filter")
    with fifth:
        group = _one_or_all(words.GROUP, words.ALL_GROUPS, groups, key=f"{key}-group")
    return Choice(view, control, target, wanted, group)


def _one_or_all(label: str, everything: str, names: Sequence[str], *, key: str) -> int | None:
    """The index of one name, or None for what ``everything`` says."""
    numbers = [None, *range(len(names))]
    return st.selectbox(label, numbers, format_func=lambda i: everything if i is None else names[i], key=key)
