"""The gap and the accuracy of one point: base → point, and the change with its paired interval."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app.wording import tradeoff as words
from app.wording.shared import common, inside
from fairprog_core.metrics.point import Point


def show(value: Point, *, key: str, base: Point, metric: str) -> None:
    """Draw the two figures and the warnings about the point.

    Args:
        value: a point.
        key: of the container.
        base: the base classifier's point.
        metric: the gap.
    """
    with st.container(key=key, gap="small"):
        left, right = st.columns(2)
        _figure(left, common.metric(metric), value, base, metric)
        _figure(right, common.metric("accuracy"), value, base, "accuracy")
        for sentence in words.cautions(value, metric):
            st.markdown(sentence)


def _figure(where: DeltaGenerator, name: str, point: Point, base: Point, metric: str) -> None:
    found = point.change(metric)
    text = None if found.value is None else f"{inside.signed(found.value, plus=True)}{inside.brackets(found)}"
    value = f"{common.number(base.metric(metric).value)} → {common.number(point.metric(metric).value)}"
    where.metric(name, value, text, delta_color="off", delta_arrow="off")
