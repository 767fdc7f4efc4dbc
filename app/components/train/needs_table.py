"""The requirements of a study's methods: weights, gradients, the group when predicting, labels, parameters."""

from collections.abc import Sequence

import streamlit as st

from app.models.table import Table, TableCell
from app.widgets import table
from app.wording import train as words
from app.wording.shared import common
from fairprog_core.methods import MethodOptions


def show(value: Sequence[MethodOptions], *, key: str) -> Sequence[MethodOptions]:
    """Draw the table: one row per method; controls are left out."""
    st.header(words.NEEDS, anchor=False)
    rows = [_row(method) for method in value if not method.is_control]
    table.show(Table(words.NEEDS_NOTE, [TableCell(name) for name in words.NEEDS_COLUMNS], rows, is_text=True), key=key)
    return value


def _row(method: MethodOptions) -> list[TableCell]:
    needs = method.needs
    flags = [words.yes(flag) for flag in (needs.gradients, needs.group_at_prediction, needs.labels)]
    texts = [common.kind(method.kind), words.WEIGHTS[needs.weights], *flags, needs.parameters]
    return [TableCell(text) for text in texts]
