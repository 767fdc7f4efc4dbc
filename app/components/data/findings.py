"""What is known of a table before anything is trained: sizes, balance, small cells, broken rows, advice."""

import streamlit as st

from app.charts.balance import balance
from app.models.table import Table, TableCell
from app.widgets import live_plot, table
from app.wording import data as words
from app.wording.shared import common
from fairprog_core.data.table.report import FEW, TableReport


def show(value: TableReport, *, key: str) -> None:
    """Draw the findings of a table whose columns are chosen."""
    st.header(words.CHECK_TITLE, anchor=False)
    if value.problem:
        st.error(common.plain(value.problem))
        return
    st.markdown(words.splits(list(value.sizes.items())))
    names = list(dict.fromkeys(cell.group for cell in value.cells))
    counts = [[_rows(value, group, label) for label in value.labels] for group in names]
    groups = [common.group(name) if name else words.NO_GROUP for name in names]
    live_plot.show(balance(counts, groups=groups, labels=value.labels, few=FEW), key=f"{key}.balance")
    st.header(words.ADVICE_TITLE, anchor=False)
    for sentence in (*value.advice, *value.notes) or (words.ALL_WELL,):
        st.markdown(f"- {common.plain(sentence)}")
    with st.expander(words.CELLS):
        table.show(_cells(value), key=f"{key}.cells")
    if value.n_broken:
        with st.expander(words.broken(value.n_broken, value.n_rows)):
            rows = [[TableCell(f"{each.row:,}"), TableCell(each.reason)] for each in value.broken]
            headings = [TableCell(name) for name in words.BROKEN_COLUMNS]
            table.show(Table(words.BROKEN, headings, rows, is_text=True), key=f"{key}.broken")


def preview(value: TableReport, *, key: str) -> None:
    """Draw the first rows, folded: they may offend, and tables may be wide."""
    with st.expander(words.PREVIEW):
        columns = [TableCell(each.name) for each in value.columns]
        rows = [[TableCell(cell) for cell in row] for row in value.preview]
        table.show(Table(words.PREVIEW, columns, rows), key=key)


def _rows(value: TableReport, group: str, label: str) -> int:
    return sum(cell.n for cell in value.cells if (cell.group, cell.label) == (group, label))


def _cells(value: TableReport) -> Table:
    """Rows of every group and label by split; a small number is marked."""
    splits = list(value.sizes)
    found = {(cell.split, cell.group, cell.label): cell for cell in value.cells}
    rows = []
    for group in dict.fromkeys(cell.group for cell in value.cells):
        for label in value.labels:
            cells = [found.get((split, group, label)) for split in splits]
            texts = [
                TableCell(words.NONE_OF_SPLIT) if cell is None
                else TableCell(f"{cell.n:,}", words.SMALL if cell.is_small else words.share_of(cell.share))
                for cell in cells
            ]  # fmt: skip
            rows.append([TableCell(common.group(group) if group else words.NO_GROUP, label), *texts])
    return Table(words.CELLS_NOTE, [TableCell(words.GROUP), *(TableCell(common.kind(name)) for name in splits)], rows)
