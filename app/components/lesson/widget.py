"""The lesson as one component: it runs in the browser alone, and keeps the answers there."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import streamlit as st

from app.components.lesson import bundle
from app.presenters.lesson.data import LessonPlan, LessonStudy
from app.wording.shared import neutral
from app.wording.shared.languages import LessonTexts


class LessonChoice(NamedTuple):
    """The key of another study, and that of another language, where the learner chose one."""

    data: str | None
    language: str | None


_HTML = '<div class="fp-lesson"></div>'
_CSS = (Path(__file__).parent / "lesson.css").read_text("utf-8")


def show(
    study: LessonStudy, plan: LessonPlan, *, data: list[str], languages: Mapping[str, LessonTexts], key: str
) -> LessonChoice:
    """Draw the lesson; what the learner has chosen since.

    Args:
        study: its figures and rows.
        plan: of the link.
        data: keys of the studies that can be chosen.
        languages: sentences by language.
        key: of the component.
    """
    sent = {"plan": plan, "data": data, "languages": languages, "study": neutral.in_component(study)}
    found = _component()(  # data is a list: for a dict, pandas is imported
        key=key, data=[sent], on_data_change=lambda: None, on_language_change=lambda: None
    )
    return LessonChoice(
        found.data if found.data in data else None, found.language if found.language in languages else None
    )


@st.cache_resource
def _component() -> Any:
    return st.components.v2.component("fairprog_lesson", html=_HTML, css=_CSS, js=bundle.script())
