"""Data: a table of one's own, what its columns mean, and how unequal it is, before anything is trained."""

from pathlib import Path

import streamlit as st

from app.components.data import cost, findings, mapping, predictions, second, source
from app.state import cli_queries, own_data
from app.widgets import page
from app.wording import data as words
from app.wording.shared import common
from fairprog_core.common.errors import ConfigError
from fairprog_core.data.table.report import TableReport


def draw(path: Path) -> None:
    """Draw what is known of a table, and the part for data to train on or for predictions."""
    first = cli_queries.look({"kind": "table", "path": str(path)})
    if first.problem:
        st.error(common.plain(first.problem))
        return
    findings.preview(first, key="preview")
    part = st.segmented_control(
        words.PARTS_LABEL, list(words.PARTS), default="rows", required=True, format_func=words.PARTS.__getitem__,
        key="part", persist_state="session",
    )  # fmt: skip
    if part == "rows":
        draw_rows(first, path)
    else:
        predictions.show(first, path, key="predictions")


def draw_rows(first: TableReport, path: Path) -> None:
    """Draw the form of the columns, the findings, and the way to the page Train."""
    also = second.show(first.guess, path, key="second")
    if also:
        first = cli_queries.look({"kind": "table", "path": str(path), "also": also})
    values = mapping.show(first, path, also=also, key="mapping")
    try:
        options = mapping.checked(values)
    except ConfigError as error:
        st.error(common.plain(str(error)))
        return
    if options.missing_field() is not None:
        st.info(words.INCOMPLETE)
        return
    found = cli_queries.look(options.to_json())
    findings.show(found, key="findings")
    if not found.problem:
        cost.show(options, found, key="cost")
    if st.button(words.TRAIN, type="primary", key="data.train", help=words.TRAIN_HELP, disabled=bool(found.problem)):
        own_data.choose_dataset(options.to_json(), cost.sizes_of(found))
        st.switch_page("views/train.py")


page.header(words.TITLE, words.LEAD)
if asked := own_data.asked_removal():
    source.confirm_removal(asked, key="removal")
path = source.show(key="source")
if path is not None:
    draw(path)
