"""A few comments of a data set with their label and groups; folded, because they may offend."""

import streamlit as st

from app.models.table import Table, TableCell
from app.state import cli_queries, run_store
from app.widgets import table
from app.wording import train as words
from app.wording.shared import common, public
from fairprog_core.common.errors import FairprogError
from fairprog_core.common.registry import build
from fairprog_core.data import DATASETS, DatasetOptions
from fairprog_core.data.base import Example
from fairprog_core.report.figures import texts

N = 6
MOST_LETTERS = 300


def show(value: DatasetOptions, *, key: str) -> None:
    """Draw the comments, or say why they cannot be read; nothing where the data set has no examples.

    Args:
        value: the data set's options.
        key: the table's key.
    """
    try:
        stamp = tuple(cli_queries.stamp_of(getattr(value, name, "")) for name in ("path", "also", "root"))
        rows = _examples(value.kind, value.model_dump_json(), stamp)
    except FairprogError as error:
        st.info(common.plain(public.reason(str(error), value)))
        return
    if not rows:
        return
    with st.expander(words.ROWS):
        table.show(Table(words.ROWS_NOTE, [], [[_cell(row)] for row in rows], is_text=True), key=key)


def _cell(row: Example) -> TableCell:
    text = texts.safe(" ".join(str(row.x).split()), MOST_LETTERS) or words.NO_TEXT
    return TableCell(text, ", ".join((*map(common.group, row.groups), row.label)))


@st.cache_data(max_entries=16, show_spinner=False)
def _examples(kind: str, options: str, stamp: tuple[tuple[int, ...], ...]) -> list[Example]:
    """The first ``N`` examples of a data set; ``options`` is JSON, so that it can be a cache key.

    They are read again when the ``stamp`` of its files is another one.
    """
    entry = DATASETS[kind]
    found: list[Example] = build(DATASETS, entry.options.model_validate_json(options), run_store.home()).examples(N)
    return found
