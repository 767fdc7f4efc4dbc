"""What a study will compute, in one sentence and one line per λ range."""

import streamlit as st

from app.wording import common
from app.wording import train as words
from fairprog_core.study import CurvePlan, Study


def show(value: Study, *, key: str) -> Study:
    """Draw the plan of a study whose λ ranges are valid."""
    plans = value.plan()
    have_triggers = all(plan.method.uses_trigger for plan in plans)
    with st.container(key=key):
        st.header(words.PLAN, anchor=False)
        st.markdown(
            words.plan(
                names=[common.kind(name) for name in dict.fromkeys(_kind(plan) for plan in plans)],
                criteria=[common.kind(criterion.kind) for criterion in value.criteria],
                seeds=len(value.seeds),
                curves=len(plans),
                steps=value.budget.steps if have_triggers else None,
            )
        )
        for line in dict.fromkeys(_lams(plan) for plan in plans):
            st.caption(line)
    return value


def _kind(plan: CurvePlan) -> str:
    return str(plan.trigger.kind if plan.trigger else plan.method.kind)


def _lams(plan: CurvePlan) -> str:
    name = words.curve_name(_kind(plan), plan.criterion.kind)
    if plan.trigger:
        return words.lam_range(name, plan.lam.low, plan.lam.high)
    return words.lam_values(name, plan.lam.grid)
