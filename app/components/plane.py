"""The trade-off plane with its λ slider: every finished curve, and the marker of one λ."""

from collections.abc import Mapping, Sequence

import streamlit as st

from app.charts import tradeoff as charts
from app.components import curve_slider, live_plot
from app.series import Curve, Series, spot
from app.wording import tradeoff as words
from fairprog_core.results import Result


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
    """Draw slider and chart; the index of λ, which is remembered.

    Args:
        value: the series of all runs that are shown.
        key: the chart's key.
        channel: of the slider, for pictures that follow it.
        results: by run.
        metric: the gap on the horizontal axis.
        run: of the curve that the slider is about.
        curve: that curve.
    """
    at = next(i for i, each in enumerate(value) if each.run == run and curve in each.curves.values())
    spots = {each.lam: each for each in value[at].single[curve["seed"]]}
    frames = [charts.marker_at(spots.get(lam)) for lam in curve["lams"]]
    index = curve_slider.show(curve, run=run, channel=channel, charts={key: frames})
    lam = curve["lams"][index]
    base = [found for result in results.values() if (found := spot(result.base, metric))]
    majority = results[run].values.get("majority_accuracy")
    picked = (at, spots[lam]) if lam in spots else None
    live_plot.show(charts.plane(value, metric=metric, base=base, majority=majority, picked=picked), key=key)
    for sentence in words.notes(value):
        st.markdown(sentence)
    return index
