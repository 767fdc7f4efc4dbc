"""What a study on these data will cost on this machine: minutes, memory, disk."""

import streamlit as st

from app.wording import data as words
from fairprog_core.data import TableOptions
from fairprog_core.data.table.report import TableReport
from fairprog_core.study import Study
from fairprog_core.study.cost import USUAL_SIZES, Sizes, expected_seconds

GIGABYTES = {"image": 1.0, "text": 1.5}  # of a worker's memory with the usual classifiers; rows stay on the disk


def show(value: TableOptions, found: TableReport, *, key: str) -> None:
    """Draw the sentence.

    Args:
        value: the options of the data.
        found: with the numbers of their rows.
        key: of the container.
    """
    study = Study.parse({"dataset": value.to_json()})
    seconds = sum(expected_seconds(study, trains_base=True, sizes=sizes_of(found)).values())
    n = sum(found.sizes.values())
    n_bytes = n * 3 * value.image_size**2 if value.modality == "image" else n * words.USUAL_TEXT
    with st.container(key=key):
        st.markdown(words.cost(seconds, GIGABYTES[value.modality] * 1e9, n_bytes))


def sizes_of(found: TableReport) -> Sizes:
    """Numbers of rows by split for an estimate: one where a split has none."""
    return {name: max(found.sizes.get(name, 0), 1) for name in USUAL_SIZES}
