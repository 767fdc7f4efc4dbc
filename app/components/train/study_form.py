"""The form of a study: main fields in sections, the others folded; only options that suit the data set are offered."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import streamlit as st

from app.components.train import own_card, own_model
from app.components.train.choose import cards
from app.models import saved_study
from app.state import own_data
from app.state.session import FORM
from app.widgets.form import fields, inputs
from app.widgets.form.fields import FormValues
from app.widgets.form.inputs import Unread
from app.wording import train as words
from app.wording.shared import common
from fairprog_core.classifiers import CLASSIFIERS
from fairprog_core.common.errors import ConfigError
from fairprog_core.common.options import Options, digest_of
from fairprog_core.common.sharing import sharing
from fairprog_core.data import TableOptions
from fairprog_core.methods import MethodOptions
from fairprog_core.study import Study
from fairprog_core.study.check_limits import check_limits
from fairprog_core.study.load import load_study, presets
from fairprog_core.study.settings import shipped

OWN = cards.OWN  # in place of a preset: the data that the visitor chose on the page Data
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
        value: the preset that the form begins with, or ``OWN``; every preset, and every mapping of one's own data, has
            a draft of its own.
        key: prefix of the widgets' keys.
    """
    own = own_data.dataset() if value == OWN else None
    start, draft = begin(value, key=key)
    values: FormValues = {}
    with st.container(key="study_form", gap="medium"):
        for row in _ROWS:
            for column, names in zip(st.columns(2, gap="large"), row, strict=True):
                with column:
                    if own is not None and names == ("dataset",):
                        values |= {"dataset": dict(own_card.show(start.dataset, key=f"{key}.own"))}
                    elif names == ("classifier",):
                        values |= _classifier(start, values, draft)
                    else:
                        values |= fields.fields(Study, key=draft, value=start, names=names, offers=_offers(values))
                start, draft = _start_for_base(values, *_start_for_modality(values, start, draft))
        rest = [name for name in Study.model_fields if name not in values and name != "name"]
        with st.expander(words.REST):
            values |= _name(start, saved_study.dataset_kind(values), draft)
            values |= fields.fields(Study, key=draft, value=start, names=rest, is_folded=True, offers=_offers(values))
    return check(values)


def begin(value: str, *, key: str) -> tuple[Study, str]:
    """The study that the form begins with, and the prefix of its fields' keys; see `show`."""
    own = own_data.dataset() if value == OWN else None
    return (load_study(value), f"{key}.{value}") if own is None else (_own(own), f"{key}.{digest_of(own)}")


def _classifier(start: Study, values: FormValues, draft: str) -> FormValues:
    """Draw the fields of the classifier, and the upload of one's own; with the latter, the fields begin with it."""
    own = own_model.show(saved_study.modality(values), key=f"{FORM}.own_model")
    if own is not None:
        start = start.model_copy(update={"classifier": CLASSIFIERS[own["kind"]].options.parse(own)})
        draft = f"{draft}.{digest_of(dict(own))}"
    return fields.fields(Study, key=draft, value=start, names=("classifier",), offers=_offers(values))


def _own(dataset: Mapping[str, object]) -> Study:
    """The study on a visitor's own data with defaults that suit them."""
    return Study.parse({"name": Path(str(dataset["path"])).stem[:80], "dataset": dataset})


def _offers(values: FormValues) -> Callable[[type[Options]], bool]:
    """A test whether options suit the chosen data set and classifier; all do before they are chosen."""
    if "dataset" not in values:
        return lambda cls: cls is not TableOptions  # whose columns are chosen on the page Data
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
    return Study.parse({"name": kind, "dataset": {"kind": kind}}), f"{draft}.{wanted}"


def _name(start: Study, kind: str, draft: str) -> FormValues:
    """Draw the name of the run; with another data set than the preset's, the default is the data set's name."""
    if kind != start.dataset.kind:
        start, draft = start.model_copy(update={"name": kind}), f"{draft}.{kind}"
    return fields.fields(Study, key=draft, value=start, names=("name",), is_folded=True)


def preset_key(key: str) -> str:
    """The key of the choice of the preset: another one where the visitor has data of their own."""
    return f"{key}.own" if own_data.dataset() is not None else key


def chosen_preset(value: str, *, key: str) -> str:
    """The preset that is chosen: at first the visitor's own data, else ``value``."""
    first = value if own_data.dataset() is None else OWN
    found: object = st.session_state.get(preset_key(key), first)
    return str(found) if found == OWN or (found in presets() and _is_usable(str(found))) else first


def preset(value: str, *, key: str) -> str:
    """Draw the choice of the preset, ``value`` at first; the preset's name."""
    about = {name: text for name, text in presets().items() if _is_usable(name)}
    own = own_data.dataset()
    if own is not None:
        about[OWN] = words.OWN_PRESET.format(name=Path(str(own["path"])).name)
        value = OWN
    names = cards.order(about)
    chosen = st.selectbox(
        words.PRESET, names, names.index(value), format_func=_preset_name, key=preset_key(key),
        persist_state="session", width=inputs.WIDE * 2,
    )  # fmt: skip
    st.caption(common.plain(about[chosen]))
    return str(chosen)


def _preset_name(name: str) -> str:
    return words.OWN if name == OWN else common.kind(name)


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
