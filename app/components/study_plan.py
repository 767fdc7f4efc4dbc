"""What a study will compute, in one sentence and one line per λ range."""

import streamlit as st

from app.wording import common
from app.wording import train as words
from fairprog_core.study import Study


def show(value: Study, *, key: str) -> Study:
    """Draw the plan of a study whose λ ranges are valid."""
    plans = value.plan()
    with st.container(key=key):
        st.header(words.PLAN, anchor=False)
        st.markdown(
            words.plan(
                triggers=[common.kind(trigger.kind) for trigger in value.triggers],
                criteria=[common.kind(criterion.kind) for criterion in value.criteria],
                seeds=len(value.seeds),
                curves=len(plans),
                steps=value.budget.steps,
            )
        )
        ranges = {
            words.lam_range(words.curve_name(plan.trigger.kind, plan.criterion.kind), plan.lam.low, plan.lam.high): None
            for plan in plans
        }
        for line in ranges:
            st.caption(line)
    return value
