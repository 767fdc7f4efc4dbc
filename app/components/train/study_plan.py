"""The plan of a study: a sentence, a line per λ range, and the expected time."""

from collections.abc import Sequence

import streamlit as st

from app.state import own_data, run_store
from app.wording import train as words
from app.wording.shared import common
from fairprog_core.common.files.speed import read_speed
from fairprog_core.methods import QueryReprogramOptions
from fairprog_core.study import Study
from fairprog_core.study.cost import expected_queries, expected_seconds
from fairprog_core.study.plan import CurvePlan

N_OPEN = 4  # lines of λ; more are folded, so that the button below stays visible


def show(value: Study, *, key: str) -> Study:
    """Draw the plan of a study whose λ ranges are valid."""
    plans = value.plan_of_first_seed()
    have_triggers = all(plan.method.uses_trigger for plan in plans)
    lengths = {_length(plan) for plan in plans}
    with st.container(key=key):
        st.header(words.PLAN, anchor=False)
        st.markdown(
            words.plan(
                names=[common.kind(name) for name in dict.fromkeys(_kind(plan) for plan in plans)],
                criteria=[common.kind(criterion.kind) for criterion in value.criteria],
                seeds=len(value.seeds),
                curves=value.n_curves(),
                length=lengths.pop() if have_triggers and len(lengths) == 1 else None,
            )
        )
        ranges = list(dict.fromkeys(_range(plan) for plan in plans if plan.trigger))
        lines = [*ranges, *_values([plan for plan in plans if not plan.trigger])]
        with st.expander(words.LAMS) if len(lines) > N_OPEN else st.container():
            for line in lines:
                st.caption(line)
        if value.classifier.is_timed:
            st.caption(_duration(value))
        if value.classifier.only_answers:
            st.caption(words.QUERIES.format(n=expected_queries(value)))
    return value


def _duration(study: Study) -> str:
    speed = read_speed(run_store.home())
    found, trained = (
        sum(expected_seconds(study, trains_base=way, sizes=own_data.sizes(study), speed=speed).values())
        for way in (False, True)
    )
    source = study.classifier.weights_from
    return words.duration(trained if source == "train" else found, found if source == "shipped" else trained)


def _length(plan: CurvePlan) -> str:
    if isinstance(plan.method, QueryReprogramOptions):
        return words.of_queries(plan.method.queries)
    return words.of_steps(plan.budget.steps)


def _kind(plan: CurvePlan) -> str:
    return str(plan.trigger.kind if plan.trigger else plan.method.kind)


def _range(plan: CurvePlan) -> str:
    return words.lam_range(words.curve_name(_kind(plan), plan.criterion.kind), plan.lam.low, plan.lam.high)


def _values(plans: Sequence[CurvePlan]) -> list[str]:
    """One line per set of λ values, with all methods and criteria that share them."""
    by_lams: dict[tuple[float, ...], list[CurvePlan]] = {}
    for plan in plans:
        by_lams.setdefault(plan.lam.grid, []).append(plan)
    return [
        words.lam_values(
            [common.kind(name) for name in dict.fromkeys(_kind(plan) for plan in group)],
            [common.kind(name) for name in dict.fromkeys(plan.criterion.kind for plan in group)],
            grid,
        )
        for grid, group in by_lams.items()
    ]
