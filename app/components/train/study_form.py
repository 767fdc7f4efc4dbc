"""The form of a study: main fields in sections, the others folded; only options that suit the data set are offered."""

from collections.abc import Callable, Iterator

import streamlit as st

from app.models import saved_study
from app.widgets.form import fields, inputs
from app.widgets.form.fields import FormValues
from app.widgets.form.inputs import Unread
from app.wording import train as words
from app.wording.shared import common
from fairprog_core.classifiers import CLASSIFIERS
from fairprog_core.common.errors import ConfigError
from fairprog_core.common.options import Options
from fairprog_core.common.sharing import sharing
from fairprog_core.data import DATASETS, modality_of
from fairprog_core.methods import MethodOptions
from fairprog_core.study import Study
from fairprog_core.study.check_limits import check_limits
from fairprog_core.study.load import load_study, presets
from fairprog_core.study.settings import shipped

_ROWS = (
    (("dataset",), ("classifier",)),
    (("methods",), ("criteria",)),
    (("triggers",), ("lam",)),
    (("seeds",), ("budget",)),
)
"""The visible fields, in rows of two columns; all other fields are folded below."""


def show(value: str, *, key: str) -> Study | ConfigError:
    """Draw the form; its study, or an error that says which value is not allowed.

    Args:
        value: the preset that the form begins with; every preset has a draft of its own.
        key: prefix of the widgets' keys.
    """
    start, draft = load_study(value), f"{key}.{value}"
    values: FormValues = {}
    with st.container(key="study_form", gap="medium"):
        for row in _ROWS:
            for column, names in zip(st.columns(2, gap="large"), row, strict=True):
                with column:
                    values |= fields.fields(Study, key=draft, value=start, names=names, offers=_offers(values))
                start, draft = _start_for_base(values, *_start_for_modality(values, start, draft))
        rest = [name for name in Study.model_fields if name not in values and name != "name"]
        with st.expander(words.REST):
            values |= _name(start, saved_study.dataset_kind(values), draft)
            values |= fields.fields(Study, key=draft, value=start, names=rest, is_folded=True, offers=_offers(values))
    return check(values)


def _offers(values: FormValues) -> Callable[[type[Options]], bool]:
    """A test whether options suit the chosen data set and classifier; all do before they are chosen."""
    if "dataset" not in values:
        return lambda _: True
    wanted, box = saved_study.modality(values), _has_only_answers(values)

    def suits(cls: type[Options]) -> bool:
        is_met = not box or not issubclass(cls, MethodOptions) or cls.needs.is_met_by_answers
        return is_met and wanted in getattr(cls, "modalities", (getattr(cls, "modality", wanted),))

    return suits


def _has_only_answers(values: FormValues) -> bool:
    """Whether the chosen classifier answers with probabilities alone."""
    chosen = values.get("classifier")
    kind = chosen.get("kind") if isinstance(chosen, dict) else None
    return isinstance(kind, str) and kind in CLASSIFIERS and CLASSIFIERS[kind].options.only_answers


def _start_for_base(values: FormValues, start: Study, draft: str) -> tuple[Study, str]:
    """The study and the draft of the remaining fields: new ones for a classifier of which only answers are known."""
    if start.classifier.only_answers or not _has_only_answers(values):
        return start, draft
    chosen = values["classifier"]
    base = {"kind": chosen["kind"] if isinstance(chosen, dict) else None}
    return Study.parse({"name": start.name, "dataset": start.dataset, "classifier": base}), f"{draft}.answers"


def _start_for_modality(values: FormValues, start: Study, draft: str) -> tuple[Study, str]:
    """The study and the draft of the remaining fields: new ones where the chosen data set has another modality."""
    wanted = saved_study.modality(values)
    if wanted == start.dataset.modality:
        return start, draft
    kind = saved_study.dataset_kind(values)
    if modality_of(kind) != wanted:  # the modality of these data depends on their values, which may not fit yet
        kind = next(each for each in DATASETS if modality_of(each) == wanted)
    return Study.parse({"name": kind, "dataset": {"kind": kind}}), f"{draft}.{wanted}"


def _name(start: Study, kind: str, draft: str) -> FormValues:
    """Draw the name of the run; with another data set than the preset's, the default is the data set's name."""
    if kind != start.dataset.kind:
        start, draft = start.model_copy(update={"name": kind}), f"{draft}.{kind}"
    return fields.fields(Study, key=draft, value=start, names=("name",), is_folded=True)


def preset(value: str, *, key: str) -> str:
    """Draw the choice of the preset, ``value`` first; the preset's name."""
    about = {name: text for name, text in presets().items() if _is_usable(name)}
    names = sorted(about, key=lambda name: name != value)
    chosen = st.selectbox(
        words.PRESET, names, format_func=common.kind, key=key, persist_state="session", width=inputs.WIDE * 2
    )
    st.caption(common.plain(about[chosen]))
    return str(chosen)


def _is_usable(name: str) -> bool:
    """Whether visitors of this server may run a preset."""
    policy = sharing()
    if not policy.is_shared:
        return True
    study = shipped()[name]
    try:
        policy.check(study)
    except ConfigError:
        return False
    return policy.offers(type(study.dataset))


def check(values: FormValues) -> Study | ConfigError:
    """Check all values, what this server allows, all λ ranges and required fields; the study, or the error.

    The page does it at every redraw: the work is bounded, whatever was typed.
    """
    if unread := next(_unread(values), None):
        return ConfigError(unread.reason)
    try:
        study = Study.parse(values, where=words.THIS_STUDY)
        sharing().check(study)
        check_limits(study)
        study.plan_of_first_seed()  # the ranges of λ are those of every seed
    except ConfigError as error:
        return error
    for options in (study.dataset, study.classifier):
        if name := options.missing_field():
            return ConfigError(words.missing_field(options, name))
    return study


def _unread(values: object) -> Iterator[Unread]:
    """What was too long to be parsed, in the order of the form."""
    if isinstance(values, Unread):
        yield values
    for each in values.values() if isinstance(values, dict) else values if isinstance(values, list) else ():
        if isinstance(each, dict | list | Unread):
            yield from _unread(each)
