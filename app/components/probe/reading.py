"""Linear probes: the accuracy of reading the group from the base's features, as a chart along λ and in sentences."""

import streamlit as st

from app.charts import probe as charts
from app.widgets import live_plot
from app.wording import probe as words
from fairprog_core.report.figures.explanations import ConditionFigures
from fairprog_core.report.wording import paired
from fairprog_core.results.explanations import Probe


def show(value: Probe, *, key: str, index: int) -> None:
    """Draw the chart and the sentences, or say that the linear probe was not measured.

    Args:
        value: the probe of a curve.
        key: the chart's key.
        index: of the λ in the sentences.
    """
    reading = value.linear.reading
    if reading is None:
        st.info(words.READING_NONE)
        return
    found = charts.readings(value)
    live_plot.show(charts.reading(value, index), key=key)
    for column, (kind, line) in zip(st.columns(len(words.READERS), gap="large"), found.items(), strict=False):
        with column:
            st.markdown(paired.at(line, words.READING_WHATS[kind], value.lams, index))
    st.markdown(words.against_chance(ConditionFigures.of_means(reading.accuracy).along[index], reading.chance))
    st.markdown(paired.legend(list(found.values())))
