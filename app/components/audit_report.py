"""The report of an audit: every metric with its interval, the rates of the groups, and what has to be known of them."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from app.models.table import Table, TableCell
from app.widgets import table
from app.wording import data as words
from app.wording.shared import common
from fairprog_core.api.auditing.page import Beside, Sheet, sentences, sheets
from fairprog_core.metrics.point import Point


def show(value: Mapping[str, Any], *, key: str) -> None:
    """Draw the report.

    Args:
        value: what ``fairprog audit --json`` writes.
        key: prefix of the tables' keys.
    """
    point = Point.from_json({"method": "base", **value}, where=words.REPORT)
    beside = Beside(value["majority_accuracy"], value["weak_base"], value["n_without_group"])
    st.header(words.REPORT, anchor=False)
    st.markdown(common.plain(words.about_report(point.n, point.labels, point.groups)))
    for name, sheet in zip(words.SHEETS, sheets(point), strict=False):
        table.show(_table(name, sheet), key=f"{key}.{name}")
    for sentence in sentences(point, beside):
        st.markdown(f"- {common.plain(sentence)}")


def _table(caption: str, sheet: Sheet) -> Table:
    columns = [TableCell(name) for name in sheet.columns]
    return Table(caption, columns, [[TableCell(cell) for cell in row] for row in sheet.rows])
