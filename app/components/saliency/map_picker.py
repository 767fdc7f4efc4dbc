"""Widgets that choose the gallery's map, control, explained class and pictures."""

from collections.abc import Collection, Sequence
from typing import get_args

import streamlit as st

from app.components.saliency import one_or_all
from app.components.saliency.maps.gallery import Choice, Control, View
from app.wording import saliency as words

_VIEWS: tuple[View, ...] = get_args(View)
_CONTROLS: tuple[Control, ...] = get_args(Control)


def remembered(value: Choice, *, key: str) -> Choice:
    """The choices before `show` draws their widgets: the parts above them follow too.

    Args:
        value: the initial choices.
        key: beginning of the widgets' keys.
    """
    state = st.session_state
    view: View = state.get(f"{key}-view", value.view)
    return Choice(
        view,
        state.get(f"{key}-control", value.control),
        state.get(f"{key}-target", value.target) if view == "grad_cam" else None,
        state.get(f"{key}-filter", value.wanted),
        state.get(f"{key}-group", value.group),
    )


def show(
    value: Choice, *, key: str, groups: Sequence[str], labels: Sequence[str], collapsed: Collection[str] = ()
) -> Choice:
    """Draw the widgets in one row.

    Args:
        value: the initial choices.
        key: beginning of the widgets' keys.
        groups: names of the groups.
        labels: the c class names.
        collapsed: names of the controls that have collapsed.
    """
    first, second, third, fourth, fifth = st.columns([6, 5, 4, 5, 4])
    view = first.segmented_control(
        words.VIEW,
        _VIEWS,
        default=value.view,
        required=True,
        key=f"{key}-view",
        format_func=words.VIEWS.__getitem__,
    )
    control = second.segmented_control(
        words.CONTROL, _CONTROLS, default=value.control, required=True, key=f"{key}-control",
        format_func=lambda name: words.control(name, is_collapsed=name in collapsed),
    )  # fmt: skip
    target = None
    if view == "grad_cam":  # other maps exist only for the predicted class
        with third:
            target = one_or_all.show(
                labels, key=f"{key}-target", label=words.TARGET, everything=words.PREDICTED, first=value.target
            )
    wanted = fourth.selectbox(
        words.SHOW, list(words.FILTERS), format_func=words.FILTERS.__getitem__, key=f"{key}-filter"
    )
    with fifth:
        group = one_or_all.show(groups, key=f"{key}-group", label=words.GROUP, everything=words.ALL_GROUPS)
    return Choice(view, control, target, wanted, group)
