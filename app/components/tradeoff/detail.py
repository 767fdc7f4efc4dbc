"""What one point costs and brings: accuracy and gap, without → with the trigger, with paired intervals."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from app.wording import tradeoff as words
from app.wording.shared import common, inside
from fairprog_core.metrics.intervals import Estimate

Point = Mapping[str, Any]


def show(value: Point, *, key: str, base: Point, metric: str) -> None:
    """Draw it.

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


def _figure(where: Any, name: str, point: Point, base: Point, metric: str) -> None:
    change = (point.get("delta") or {}).get(metric) or {}
    ci = change.get("ci")
    found = Estimate(change.get("value"), (ci[0], ci[1]) if ci else None)
    text = None if found.value is None else f"{inside.signed(found.value, plus=True)}{inside.brackets(found)}"
    value = f"{common.number(base.get(metric))} → {common.number(point.get(metric))}"
    where.metric(name, value, text, delta_color="off", delta_arrow="off")
