"""The experiments of the chosen runs, one section each; one line says how to run the missing ones."""

import streamlit as st

from app.components.compare import other_bases, several_classes, tuning_data
from app.components.compare.candidate_picker import Picked
from app.models import saved_study
from app.models.experiment import RunRow
from app.presenters import experiments
from app.wording import experiments as words
from app.wording.shared import common
from fairprog_core.common.errors import DataError


def show(value: Picked, *, key: str) -> None:
    """Draw a section per experiment.

    Args:
        value: the choices on the page.
        key: beginning of the keys.
    """
    chosen = value.results, value.criterion
    missing = []
    for title, name, draw, rows in (
        (words.TUNING, "shares", tuning_data.show, _tuning_rows(value)),
        (words.BASES, "bases", other_bases.show, experiments.other_base_rows(*chosen)),
        (words.CLASSES, "classes", several_classes.show, experiments.several_classes_rows(*chosen)),
    ):
        if rows:
            st.header(title, anchor=False)
            if all(row["gap"] is None for row in rows):
                st.info(words.NOTHING)
            else:
                draw(rows, key=f"{key}-{name}", picked=value)
        else:
            missing.append(title)
    if text := words.missing(missing, saved_study.modality(next(iter(value.results.values())).study)):
        st.caption(text)


def _tuning_rows(value: Picked) -> list[RunRow]:
    """The rows; none, with a sentence that says why, where predictions cannot be read."""
    try:
        return experiments.tuning_rows(value.results, value.criterion)
    except DataError as error:
        st.info(common.plain(str(error)))
        return []
