"""Leakage: bits about the group that a fresh auditor recovers from the base, the controls and the chosen λ."""

import streamlit as st

from app.charts import leakage as charts
from app.presenters import shared_charts
from app.state import artifacts
from app.widgets import live_plot
from app.wording import tradeoff as tradeoff_words
from app.wording.panels import leakage as words
from app.wording.shared import common
from fairprog_core.methods import METHODS, MethodOptions
from fairprog_core.metrics.point import LeakageJson
from fairprog_core.results.curve import Curve
from fairprog_core.results.result import Result


def show(value: Result, *, key: str, curve: Curve) -> None:
    """Draw the chart and its verdict, or say that the run has no audit.

    Args:
        value: the result.
        key: the chart's key.
        curve: one of its curves.
    """
    entry = METHODS.get(curve.method)
    options = entry.options if entry else None
    needs = options.needs if options and issubclass(options, MethodOptions) else None
    from_answers = needs is not None and needs.group_at_prediction  # such methods predict classes, not logits
    st.markdown(words.lead(curve.criterion, from_answers=from_answers))
    audits = _audits(value, curve)
    if not audits:
        st.info(words.NONE)
        return
    left, right = st.columns([8, 5], gap="large")
    with left:
        stamp = artifacts.stamp(value, curve.key)
        live_plot.show(shared_charts.shared(("leakage", stamp), lambda: charts.chart(audits)), key=key)
    with right:
        _, last = audits[-1]
        for sentence in words.verdict(last, lam=curve.chosen_lam, from_answers=from_answers):
            st.markdown(sentence)
        st.markdown(words.CEILING.format(entropy=last["entropy"]))


def _audits(result: Result, curve: Curve) -> list[tuple[str, LeakageJson]]:
    """The audits of the base, the controls and the chosen λ, with names; empty where the chosen λ has none."""
    last, base = result.chosen_point(curve).audit, (result.base.audits or {}).get(curve.criterion)
    if not last or not base:
        return []
    controls = [
        (tradeoff_words.control(method), point.audit)
        for method, point in result.controls_of(curve).items()
        if point.audit
    ]
    return [(words.BASE, base), *controls, (words.AT.format(lam=common.lam(curve.chosen_lam)), last)]
