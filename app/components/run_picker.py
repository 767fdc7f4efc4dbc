"""Widgets that choose runs, then the trigger and criterion, then the seed."""

from collections.abc import Mapping, Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app.state import session
from app.state.artifacts import RunChoice, choices, damage_of, read
from app.wording.shared import common, inside, neutral
from fairprog_core.results.curve import Curve
from fairprog_core.results.result import Result


def show(value: str | None, *, key: str) -> RunChoice | None:
    """Draw the choice of one run; None, with a sentence on what to do, where there is no run.

    Args:
        value: id of the run that is selected so far.
        key: the widget's key.
    """
    found = _choices_or_sentence([value] if value else [])
    if not found:
        return None
    start = list(found).index(value) if value in found else 0
    picked = st.selectbox(inside.RUN, list(found), start, format_func=lambda run: _label(found[run]), key=key)
    session.select_run(picked)
    return found[picked]


def show_several(value: Sequence[str], *, key: str) -> list[RunChoice]:
    """Draw the choice of several runs; empty, with a sentence on what to do, where there is no run or none is chosen.

    Args:
        value: ids of the runs that are selected so far.
        key: the widget's key.
    """
    found = _choices_or_sentence(value)
    if not found:
        return []
    start = [run for run in value if run in found] or list(found)[:1]
    ids = st.multiselect(
        inside.RUNS, list(found), start, format_func=lambda run: _label(found[run]), wrap=True, key=key
    )
    if not ids:
        st.info(inside.PICK_RUN)
    return [found[run] for run in ids]


def _label(choice: RunChoice) -> str:
    return neutral.in_text(f"{choice.name}: {choice.changes}" if choice.changes else choice.name)


def show_curve(
    value: Mapping[str, Result], *, key: str, seed: DeltaGenerator, names: Mapping[str, str] | None = None,
    has_trigger: bool = False,
) -> tuple[str, Curve]:  # fmt: skip
    """Draw the choice of one curve: its trigger or method and criterion, and its seed where there are several.

    Args:
        value: results by run.
        key: beginning of the widgets' keys.
        seed: the container for the choice of the seed.
        names: of the runs, where several are shown.
        has_trigger: offer only curves of a trigger; the page stops with a sentence where there is no such curve.

    Returns:
        The run and the curve; both are remembered.
    """
    families: dict[tuple[str, str], list[Curve]] = {}
    for run, result in value.items():
        for curve in (curve for curve in result.curves if curve.trigger or not has_trigger):
            families.setdefault((run, curve.family), []).append(curve)
    if not families:
        st.info(inside.NO_TRIGGER_CURVE)
        st.stop()
    wanted = session.remembered(session.CURVE)
    options = list(families)
    start = _start(families, session.selected_run(), wanted)
    stamp = f"{key}-{session.moves()}"

    def name(option: tuple[str, str]) -> str:
        first = families[option][0]
        name = inside.curve_name(first.name, first.criterion, first.tuning_ratio, first.method)
        return inside.in_run((names or {}).get(option[0], ""), name)

    picked = st.selectbox(inside.CURVE, options, options.index(start), format_func=name, key=f"{stamp}-family")
    with seed:
        curve = _seed(families[picked], wanted, key=f"{stamp}-{picked[0]}-{picked[1]}")
    session.select_run(picked[0])
    session.remember(session.CURVE, curve.key)
    return picked[0], curve


def _start(families: Mapping[tuple[str, str], list[Curve]], run: str | None, key: str | None) -> tuple[str, str]:
    """The remembered curve; else the same curve of another run; else the first that learned from all tuning data."""
    with_key = [option for option, curves in families.items() if key in [curve.key for curve in curves]]
    whole = [option for option, curves in families.items() if curves[0].is_whole]
    return next((option for option in with_key if option[0] == run), (with_key or whole or list(families))[0])


def _seed(curves: Sequence[Curve], wanted: str | None, *, key: str) -> Curve:
    """Draw the choice of the seed where there are several; the curve of the seed."""
    if len(curves) == 1:
        return curves[0]
    by_seed = {curve.seed: curve for curve in curves}
    start = next((curve.seed for curve in curves if curve.key == wanted), curves[0].seed)
    seed = st.segmented_control(inside.SEED, list(by_seed), default=start, format_func=str, required=True, key=key)
    return by_seed[seed]


def _choices_or_sentence(selected: Sequence[str]) -> dict[str, RunChoice]:
    """The runs that can be chosen, by id; says which selected runs are damaged or missing, or that there is no run."""
    found = {choice.run: choice for choice in choices()}
    gone = [run for run in selected if run not in found]
    damaged = {run: reason for run in gone if (reason := damage_of(run))}
    for run, reason in damaged.items():
        st.warning(inside.DAMAGED.format(run=common.plain(run), reason=common.plain(reason)))
    if not found:
        st.info(inside.EMPTY)
        st.page_link("views/train.py", label=inside.TO_TRAIN)
    elif lost := [run for run in gone if run not in damaged]:
        st.info(inside.GONE.format(run=common.plain(", ".join(lost))))
    return found


def result_of(choice: RunChoice) -> Result:
    """The result of a chosen run; the page stops with a sentence if its file was removed in the meantime."""
    result = read(choice.folder)
    if result is None or not result.curves:
        st.info(inside.EMPTY)
        st.stop()
    return result
