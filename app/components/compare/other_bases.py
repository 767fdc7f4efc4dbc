"""Triggers on bases that they were not learned on: matrix, curves on one base, table; Figure 5 of the paper."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import streamlit as st

from app.charts import matrix as matrix_chart
from app.charts import tradeoff as charts
from app.charts.theme import SYMBOLS
from app.components.compare import experiment_downloads
from app.components.compare.candidate_picker import Picked
from app.models import experiment
from app.models.experiment import RunRow as Row
from app.models.series import Series, plot_point
from app.presenters import experiments
from app.presenters.experiments import Target
from app.state import session
from app.widgets import live_plot, table
from app.wording import experiments as words
from app.wording import tradeoff as tradeoff_words
from app.wording.shared import common, inside, neutral
from fairprog_core.metrics.intervals import Estimate

T = TypeVar("T")
N_MOST = len(SYMBOLS)  # curves in one chart: each has a symbol of its own
_CELL, _LABELS = 200, 160  # px, widths of a cell and of the row names in the matrix


def show(value: Sequence[Row], *, key: str, picked: Picked) -> Sequence[Row]:
    """Draw the section.

    Args:
        value: rows of ``experiments.other_base_rows``, at least one.
        key: beginning of the keys.
        picked: the choices on the page.
    """
    st.markdown(words.BASES_LEAD)
    _matrix(value, key=key, picked=picked)
    charts_of = {words.PNG_MATRIX: key}
    if targets := experiments.targets(picked.results, picked.criterion):  # empty where all learned from a part
        charts_of[words.PNG_CURVES] = _curves(targets, key=f"{key}-curves", picked=picked)
    if sentence := words.against_controls(value):
        st.markdown(sentence)
    table.show(words.bases_table(value), key=f"{key}-table")
    st.caption(f"{words.NOTE} {words.CONTROLS_NOTE}")
    experiment_downloads.show(value, key=key, title=words.BASES, charts=charts_of)
    return value


def _matrix(rows: Sequence[Row], *, key: str, picked: Picked) -> None:
    """Draw the matrix: source bases in rows (one row per trigger where there are several), target bases in columns."""
    kinds = {experiment.name(row) for row in rows}

    def name(row: Row) -> str:
        source = str(row["source"])
        return (
            source
            if len(kinds) == 1
            else words.TRAINED_ELSEWHERE.format(kind=common.kind(experiment.name(row)), source=source)
        )

    lines = experiments.lines(rows, picked.runs, name=name, place=lambda row: (experiment.name(row), row["target"]))
    columns = list(dict.fromkeys([*(row["source"] for row in rows), *(row["target"] for row in rows)]))
    columns = [column for column in columns if any(row["target"] == column for row in rows)]
    plot = matrix_chart.matrix(
        {(line, row["target"]): Estimate.of(**row["kept"]) for line, found in lines.items() for row in found},
        marked={
            (line, row["target"]): mark for line, found in lines.items() for row in found if (mark := words.mark(row))
        },
        own={(line, row["source"]) for line, found in lines.items() for row in found}, own_text=words.OWN,
        rows=list(lines), columns=columns, x_title=words.TESTED_ON, y_title=words.TRAINED_ON, label=words.MATRIX_LABEL,
    )  # fmt: skip
    with st.container(width=_LABELS + _CELL * len(columns)):
        live_plot.show(plot, key=key)


def _curves(targets: Sequence[Target], *, key: str, picked: Picked) -> str:
    """Draw the trade-off plane of one target base; the key of the chart."""
    target = _target(targets, key=f"{key}-base", picked=picked)
    drawn = _series_by_name(target, picked)
    first = next(iter(drawn.values()))
    gap = next(iter(first.curves.values())).gap
    majority = picked.results[first.run].majority_accuracy
    base = [found] if (found := plot_point(target.point, gap)) else []
    series, names = list(drawn.values())[:N_MOST], list(drawn)[:N_MOST]
    plot = charts.plane(series, metric=gap, base=base, majority=majority, show_seeds=False, names=names)
    live_plot.show(replace(plot, label=words.PLANE_LABEL.format(base=target.name)), key=key)
    for sentence in tradeoff_words.notes(series, show_seeds=False):
        st.markdown(sentence)
    if len(drawn) > N_MOST:
        st.markdown(words.MORE.format(n=len(drawn) - N_MOST, most=N_MOST))
    return key


def _target(targets: Sequence[Target], *, key: str, picked: Picked) -> Target:
    """Draw the choice of the target base where there are several; it is remembered, so that a link restores it."""
    if len(targets) == 1:
        return targets[0]
    by_name = dict[str, Target]()
    for target in targets:
        _add(by_name, target.name, target, run=target.tried[0][1].run, picked=picked)
    wanted = session.remembered(session.BASE)
    start = list(by_name).index(wanted) if wanted in by_name else 0
    found = st.selectbox(words.BASE, list(by_name), start, key=key, width=320, format_func=neutral.in_text)
    session.remember(session.BASE, found)
    return by_name[found]


def _series_by_name(target: Target, picked: Picked) -> dict[str, Series]:
    """The series of the chart by name: first triggers of other bases, then series that were learned on this base.

    Controls that two sources share are drawn once.
    """
    found, known = dict[str, Series](), set()
    for source, each in target.tried:
        controls = {name: control for name, control in each.controls.items() if (name, *control[1:3]) not in known}
        known |= {(name, *control[1:3]) for name, control in controls.items()}
        _add(
            found,
            words.TRAINED_ELSEWHERE.format(kind=common.kind(each.kind), source=source),
            replace(each, controls=controls),
            run=each.run,
            picked=picked,
        )
    for each in target.own:
        name = words.TRAINED_HERE.format(kind=common.kind(each.kind))
        _add(found, name, replace(each, controls={}), run=each.run, picked=picked)
    return found


def _add(found: dict[str, T], name: str, value: T, *, run: str, picked: Picked) -> None:
    """Add a value under its name; where the name is taken, with its run's name in front."""
    found[name if name not in found else inside.in_run(picked.runs[run], name)] = value
