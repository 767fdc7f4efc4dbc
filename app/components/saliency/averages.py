"""The averages over test rows, two charts in a row, each with one sentence."""

from collections.abc import Sequence

import streamlit as st

from app.charts import saliency as charts
from app.charts.saliency import Average
from app.widgets import live_plot
from app.wording import saliency as words
from app.wording.shared import common, inside
from fairprog_core.report.wording import paired


def show(value: Sequence[Average], *, lams: Sequence[float], index: int, rows: int) -> None:
    """Draw the charts; the key of a chart is its average's key.

    Args:
        value: the averages that could be estimated.
        lams: the k values of λ.
        index: of the λ in the sentences.
        rows: the number of averaged test rows.
    """
    if not value:
        st.info(words.NO_AVERAGES)
        return
    note = words.AVERAGES_NOTE.format(rows=rows)
    has_rivals = any(each.line.rivals for each in value)
    st.markdown(f"{note} {words.RIVALS_ARE_LEVELS}" if has_rivals else note)
    for i in range(0, len(value), 2):
        for column, each in zip(st.columns(2, gap="large"), value[i : i + 2], strict=False):
            with column:
                live_plot.show(charts.chart(each, lams, index), key=each.key)
                st.markdown(paired.at(each.line, common.plain(each.names.what), lams, index))
                if each.flat is not None:
                    st.markdown(words.flat_note(each.names, each.flat))
    if lost := inside.collapsed_controls(list(value[0].line.collapsed)):
        st.markdown(lost)
    st.markdown(paired.legend([each.line for each in value]))
