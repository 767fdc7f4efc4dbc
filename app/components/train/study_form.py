"""The form of a study: what matters in sections, the rest folded away; only what suits the data can be chosen."""

from collections.abc import Callable

import streamlit as st

from app.models import saved_study
from app.widgets.form import fields, inputs
from app.widgets.form.fields import FormValues
from app.wording import train as words
from app.wording.shared import common
from fairprog_core.common.errors import ConfigError
from fairprog_core.common.options import Options
from fairprog_core.study import Study
from fairprog_core.study.load import load_study, presets

_ROWS = (
    (("dataset",), ("classifier",)),
    (("methods",), ("criteria",)),
    (("triggers",), ("lam",)),
    (("seeds",), ("budget",)),
)
"""What is seen at once, two columns a row; a field that no row names is folded away below."""


def show(value: str, *, key: str) -> Study | ConfigError:
    """Draw the form; the study it describes, or the sentence that says why it describes none.

    Args:
        value: the preset to begin with; every preset has a draft of its own.
        key: prefix of the widgets' keys.
    """
    start, draft = load_study(value), f"{key}.{value}"
    values: FormValues = {}
    with st.container(key="study_form", gap="medium"):
        for row in _ROWS:
            for column, names in zip(st.columns(2, gap="large"), row, strict=True):
                with column:
                    values |= fields.fields(Study, key=draft, value=start, names=names, offers=_offers(values))
                start, draft = _following(values, start, draft)
        rest = [name for name in Study.model_fields if name not in values and name != "name"]
        with st.expander(words.REST):
            values |= _name(start, saved_study.dataset_kind(values), draft)
            values |= fields.fields(Study, key=draft, value=start, names=rest, is_folded=True, offers=_offers(values))
    return _checked(values)


def _offers(values: FormValues) -> Callable[[type[Options]], bool]:
    """Whether options suit the data that were chosen; everything does while none are."""
    if "dataset" not in values:
        return lambda _: True
    wanted = saved_study.modality(values)
    return lambda cls: wanted in getattr(cls, "modalities", (getattr(cls, "modality", wanted),))


def _following(values: FormValues, start: Study, draft: str) -> tuple[Study, str]:
    """What the form goes on from: data of another modality begin a draft of their own, with what suits them."""
    wanted = saved_study.modality(values)
    if wanted == start.dataset.modality:
        return start, draft
    kind = saved_study.dataset_kind(values)
    return Study.parse({"name": kind, "dataset": {"kind": kind}}), f"{draft}.{wanted}"


def _name(start: Study, kind: str, draft: str) -> FormValues:
    """What the run is called; on other data than the preset's it is not called after the preset."""
    if kind != start.dataset.kind:
        start, draft = start.model_copy(update={"name": kind}), f"{draft}.{kind}"
    return fields.fields(Study, key=draft, value=start, names=("name",), is_folded=True)


def preset(value: str, *, key: str) -> str:
    """Draw the choice of what to begin with, ``value`` first; the preset's name."""
    about = presets()
    names = sorted(about, key=lambda name: name != value)
    chosen = st.selectbox(
        words.PRESET, names, format_func=common.kind, key=key, persist_state="session", width=inputs.WIDE * 2
    )
    st.caption(common.plain(about[chosen]))
    return str(chosen)


def _checked(values: FormValues) -> Study | ConfigError:
    """Every value allowed, every λ range too, and nothing missing."""
    try:
        study = Study.parse(values, where=words.THIS_STUDY)
        study.plan()
    except ConfigError as error:
        return error
    if name := study.dataset.missing_field():
        return ConfigError(words.missing_field(study.dataset, name))
    return study
