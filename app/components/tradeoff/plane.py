"""The trade-off plane with its λ slider: all finished curves, and a marker at one λ of one curve."""

from collections.abc import Mapping, Sequence

import streamlit as st

from app.charts import tradeoff as charts
from app.charts.plot import Plot
from app.components import curve_slider
from app.models.series import PlotPoint, Series, plot_point
from app.presenters import shared_charts
from app.state import artifacts
from app.widgets import live_plot
from app.wording import tradeoff as words
from app.wording.shared import common, inside
from fairprog_core.results.curve import Curve
from fairprog_core.results.result import Result


def show(
    value: Sequence[Series],
    *,
    key: str,
    channel: str,
    results: Mapping[str, Result],
    metric: str,
    run: str,
    curve: Curve,
) -> int:
    """Draw slider and chart, remember the slider's λ, and return its index.

    Args:
        value: the series of all shown runs.
        key: the chart's key.
        channel: of the slider, for pictures that follow it.
        results: by run.
        metric: the gap on the horizontal axis.
        run: of the slider's curve.
        curve: the slider's curve.
    """
    at = next(i for i, each in enumerate(value) if each.run == run and curve in each.curves.values())
    spots = {each.lam: each for each in value[at].single[curve.seed]}
    frames = [charts.marker_at(spots.get(lam)) for lam in curve.lams]
    index = curve_slider.show(curve, run=run, channel=channel, charts={key: frames})
    lam = curve.lams[index]
    names, stars = {each.run: each.name for each in value}, dict[PlotPoint, list[str]]()
    for one, result in results.items():
        if found := plot_point(result.base, metric):
            stars.setdefault(found, []).append(names.get(one, ""))  # runs on the same base and rows share a star
    majorities = {one: result.majority_accuracy for one, result in results.items()}

    def draw() -> Plot:
        return charts.plane(
            value, metric=metric, base=list(stars),
            base_names=[inside.in_run(", ".join(at) if len(stars) > 1 else "", common.BASE) for at in stars.values()],
            majority=majorities[run], is_majority_of_one=len(set(majorities.values())) > 1,
            picked=(at, spots[lam]) if lam in spots else None,
            names=[words.short_name(each) for each in value] if len({each.criterion for each in value}) == 1 else None,
        )  # fmt: skip

    stamps = tuple(f"{names.get(one)}:{artifacts.stamp(result, one)}" for one, result in results.items())
    shown = tuple(f"{each.run}/{each.family}" for each in value)
    drawn = shared_charts.shared(("plane", stamps, shown, metric, run, curve.key, lam in spots), draw)
    live_plot.show(drawn.with_marker(charts.marker_at(spots.get(lam))), key=key)
    for sentence in words.notes(value):
        st.markdown(sentence)
    return index
