"""The auditor's panel: what new attackers read about the group in the base, the controls and the chosen λ."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from app.charts import leakage as charts
from app.models.series import controls_of
from app.widgets import live_plot
from app.wording import tradeoff as tradeoff_words
from app.wording.panels import leakage as words
from app.wording.shared import common
from fairprog_core.methods import METHODS
from fairprog_core.results.curve import Curve
from fairprog_core.results.result import Result

Audit = Mapping[str, Any]


def show(value: Result, *, key: str, curve: Curve) -> None:
    """Draw it, or say that the run was not audited.

    Args:
        value: the result.
        key: the chart's key.
        curve: one of its curves.
    """
    entry = METHODS.get(curve.method)
    from_answers = entry is not None and entry.options.needs.group_at_prediction  # such methods have no logits
    st.markdown(words.lead(curve.criterion, from_answers=from_answers))
    audits = _audits(value, curve)
    if not audits:
        st.info(words.NONE)
        return
    left, right = st.columns([8, 5], gap="large")
    with left:
        live_plot.show(charts.chart(audits), key=key)
    with right:
        _, last = audits[-1]
        for sentence in words.verdict(last, lam=curve.chosen_lam, from_answers=from_answers):
            st.markdown(sentence)
        st.markdown(words.CEILING.format(entropy=last["entropy"]))


def _audits(result: Result, curve: Curve) -> list[tuple[str, Audit]]:
    """Base, controls, chosen λ; nothing where the chosen λ was not audited."""
    chosen = next((point for point in result.points_of(curve) if point.lam == curve.chosen_lam), {})
    base = (result.base.get("audit") or {}).get(curve.criterion)
    if not chosen.get("audit") or not base:
        return []
    controls = [
        (tradeoff_words.control(method), point.audit)
        for method, point in controls_of(result, curve).items()
        if point.get("audit")
    ]
    return [(words.BASE, base), *controls, (words.AT.format(lam=common.lam(curve.chosen_lam)), chosen["audit"])]
