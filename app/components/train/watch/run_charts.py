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
    study = _study(run)
    plans = {} if study is None else {plan.key: plan for plan in study.plan()}
    curve = _choose(run, progress, plans, key) if progress.curves else None
    left, right = st.columns([1.25, 1], gap="large")
    with left, st.container(key=f"{key}-plane"):  # keeps its height, so that nothing moves when the chart appears
        if curve is None:
            _before(run, progress, key)
        else:
            _validation(run, progress, curve, plans, key)
    if run.is_over and curve is None:
        return None
    with right:
        shown, plan = curve or CurveSoFar(""), plans.get(curve.key) if curve else None
        most = 1.0 if study is None or plan is None else study.max_accuracy_loss(plan.criterion)
        n = 0 if study is None else min(study.budget.validate_rows, getattr(study.dataset, "n_val", None) or 10**9)
        live_rows.show(shown, key=f"{key}.rows", gap=_gap_of(plan), max_loss=most, n_validation=n)
    if curve is not None:
        _losses(curve, key)
    return curve


def _validation(run: Run, progress: RunProgress, curve: CurveSoFar, plans: dict[str, CurvePlan], key: str) -> None:
    """Draw the curve over λ, behind it the other curves with the same gap."""
    gap = _gap_of(plans.get(curve.key))
    same = [other for other in progress.curves.values() if other is not curve and _gap_of(plans.get(other.key)) == gap]
    validation = live.validation(curve, same, gap)
    if validation is None:
        st.info(words.NO_VALIDATION if run.is_over else words.PREPARING)
    else:
        live_plot.show(validation, key=f"{key}.validation", is_reserved=False)


def _losses(curve: CurveSoFar, key: str) -> None:
    """Draw the losses, and on request the game of the two players."""
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


def _before(run: Run, progress: RunProgress, key: str) -> None:
    """Draw the training of the base classifier, before there are curves."""
    if not progress.base:
        st.info(words.NO_VALIDATION if run.is_over else words.PREPARING)
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
