"""Runs on the same data that cannot be compared row by row: a table of what each reaches, and what differs."""

from collections.abc import Mapping

import streamlit as st

from app.components.compare.candidate_picker import Picked
from app.models import saved_study
from app.widgets import table
from app.wording.panels import side_by_side as words
from fairprog_core.results.result import Result


def has_same_rows(results: Mapping[str, Result]) -> bool:
    """Whether runs tested the same rows with the same base: then its counts in every group and label are the same."""
    counts = [result.base.counts for result in results.values()]
    return all(each == counts[0] for each in counts)


def has_same_data(results: Mapping[str, Result]) -> bool:
    """Whether runs are on one kind of data, with the same labels and groups."""
    kinds = {
        (saved_study.dataset_kind(result.study), tuple(result.labels), tuple(result.group_names))
        for result in results.values()
    }
    return len(kinds) == 1


def show(value: Picked, *, key: str) -> None:
    """Draw the sentence on what differs, and the figures of every candidate at its chosen λ.

    Args:
        value: the choices on the page.
        key: of the table.
    """
    results = {each.run: each.result for each in value.candidates}
    st.info(words.differ({value.runs[run]: result.study for run, result in results.items()}))
    rows = []
    for each in value.candidates:
        curve = each.curves[0]
        point, base = each.result.chosen_point(curve), each.result.base
        rows.append((value.runs[each.run], value.names[each.key], curve, base, point))
    table.show(words.table(rows), key=key)
