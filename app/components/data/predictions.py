"""Predictions from anywhere: which columns they are in, and the report of their audit."""

import json
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from app.components import audit_report
from app.state import cli_queries
from app.widgets import page
from app.wording import data as words
from fairprog_core.api.auditing.guess_columns import prediction_column
from fairprog_core.data.table.report import TableReport


def show(value: TableReport, path: Path, *, key: str) -> None:
    """Draw the form of the columns, and the report once it is asked for.

    Args:
        value: what is known of the table.
        path: of the table.
        key: prefix of the widgets' keys.
    """
    st.markdown(words.PREDICTIONS_LEAD)
    names, draft = [each.name for each in value.columns], f"{key}.{path}"
    guessed = prediction_column(value.columns)
    with st.form(draft, border=False):
        left, right = st.columns(2, gap="large")
        with left:
            label = st.selectbox(words.TRUE_LABEL, names, _label(value), key=f"{draft}.label")
            said = st.multiselect(
                words.PREDICTION,
                names,
                [guessed] * bool(guessed),
                key=f"{draft}.prediction",
                help=words.PREDICTION_HELP,
            )
        with right:
            groups = st.multiselect(
                words.GROUP_COLUMNS, names, _groups(value), key=f"{draft}.groups", help=words.GROUP_COLUMNS_HELP
            )
            positive = st.text_input(words.POSITIVE_TEXT, key=f"{draft}.positive", help=words.POSITIVE_HELP)
        if st.form_submit_button(words.AUDIT, type="primary"):
            st.session_state[f"{draft}.asked"] = (label, tuple(said), tuple(groups), positive.strip())
    asked = st.session_state.get(f"{draft}.asked")
    if asked is None:
        return
    page.show_errors(_report)(path, *asked, key=key)


def _report(
    path: Path, label: str | None, said: Sequence[str], groups: Sequence[str], positive: str, *, key: str
) -> None:
    if not label or not said or not groups:
        st.info(words.INCOMPLETE_AUDIT)
        return
    options = ["--label", label, *(part for name in said for part in ("--prediction", name))]
    options += [part for name in groups for part in ("--group", name)]
    found = cli_queries.audit(path, [*options, *(("--positive", positive) if positive else ())])
    audit_report.show(found, key=f"{key}.report")
    st.download_button(
        words.AUDIT_FILE, lambda: json.dumps(found, indent=1), f"{path.stem}-audit.json", "application/json",
        key=f"{key}.file", on_click="ignore",
    )  # fmt: skip


def _label(value: TableReport) -> int | None:
    names = [each.name for each in value.columns]
    return names.index(value.guess.label) if value.guess.label in names else None


def _groups(value: TableReport) -> list[str]:
    return list(value.guess.groups) or [value.guess.group] * bool(value.guess.group)
