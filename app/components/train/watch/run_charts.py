"""A run while it trains: the curve over λ on validation rows, the trigger on six rows, and the losses, folded."""

import streamlit as st

from app.charts import live
from app.components.train.watch import live_rows
from app.models.records import CurveSoFar, RunProgress
from app.widgets import live_plot
from app.wording import train as words
from app.wording.shared import common
from fairprog_core.common.errors import ConfigError
from fairprog_core.runs import Run
from fairprog_core.study import Study
from fairprog_core.study.plan import CurvePlan


def show(value: tuple[Run, RunProgress], *, key: str) -> CurveSoFar | None:
    """Draw one curve: the chosen one, else the one with the newest record.

    Returns:
        The drawn curve; None before the first record of a curve.
    """
    run, progress = value
    if not progress.curves:
        _before(run, progress, key)
        return None
    study = _study(run)
    plans = {} if study is None else {plan.key: plan for plan in study.plan()}
    curve = _choose(run, progress, plans, key)
    plan = plans.get(curve.key)
    gap = _gap_of(plan)
    same = [other for other in progress.curves.values() if other is not curve and _gap_of(plans.get(other.key)) == gap]
    left, right = st.columns([1.25, 1], gap="large")
    with left:
        validation = live.validation(curve, same, gap)
        if validation is None:
            st.info(words.NO_VALIDATION if run.is_over else words.PREPARING)
        else:
            live_plot.show(validation, key=f"{key}.validation")
    with right:
        if study is not None and plan is not None:
            most, n = study.max_accuracy_loss(plan.criterion), study.budget.validate_rows
            live_rows.show(curve, key=f"{key}.rows", gap=gap, max_loss=most, n_validation=n)
    with st.expander(words.LOSSES):
        first, second = st.columns(2, gap="large")
        with first:
            live_plot.show(live.utility_loss(curve), key=f"{key}.loss")
        with second:
            live_plot.show(live.discriminator(curve), key=f"{key}.discriminator")
    with st.expander(words.GAME):
        first, second = st.columns(2, gap="large")
        with first:
            live_plot.show(live.over_chance(curve), key=f"{key}.over_chance")
        with second:
            live_plot.show(live.angle(curve), key=f"{key}.angle")
    return curve


def _before(run: Run, progress: RunProgress, key: str) -> None:
    """Draw the training of the base classifier, before there are curves; nothing where it is not trained."""
    if not progress.base:
        return
    newest = progress.base[-1]
    st.markdown(f"{words.BASE_TRAINS} {words.base_step(newest['step'], newest['steps'], newest.get('accuracy'))}")
    live_plot.show(live.base(progress.base), key=f"{key}.base")


def _choose(run: Run, progress: RunProgress, plans: dict[str, CurvePlan], key: str) -> CurveSoFar:
    """Draw the choice of the curve; while the run is active, the default is the curve that trains."""
    current = progress.curves[progress.current or next(iter(progress.curves))]
    if len(progress.curves) == 1:
        return current
    names = {_name(name, plans): curve for name, curve in progress.curves.items()}
    if not run.is_over:
        names = {words.FOLLOW: current} | names
    return names[st.selectbox(words.CURVE, list(names), key=f"{key}.curve.{run.is_over}", width=420)]


def _name(curve: str, plans: dict[str, CurvePlan]) -> str:
    plan = plans.get(curve)
    if plan is None:
        return curve
    return words.curve_name(
        plan.trigger_name or plan.method.kind, plan.criterion.kind, plan.seed, tuning_ratio=plan.tuning_ratio
    )


def _gap_of(plan: CurvePlan | None) -> str:
    return common.metric(plan.criterion.gap) if plan else words.GAP


def _study(run: Run) -> Study | None:
    """The study of a run; None where this version cannot read it."""
    try:
        return Study.parse(run.study, where=run.name)
    except ConfigError:
        return None
