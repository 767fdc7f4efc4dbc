"""Forms: every kind of field, every registered option, and the sentence that refuses a value."""

import json

import pytest
from streamlit.testing.v1 import AppTest

from app.widgets.form import inputs
from app.widgets.form.field import field_of
from fairprog_core.classifiers import CLASSIFIERS
from fairprog_core.common.options import Options
from fairprog_core.data import DATASETS
from fairprog_core.methods import METHODS
from fairprog_core.study import Study
from fairprog_core.training.criteria import CRITERIA
from fairprog_core.triggers import TRIGGERS

REGISTERED = [
    *(entry.options for registry in (DATASETS, CLASSIFIERS, TRIGGERS, METHODS) for entry in registry.values()),
    *CRITERIA.values(),
    Study,
]


def form_of(module: str, name: str) -> None:
    """The page under test: one form, and the options that it made."""
    from importlib import import_module

    import streamlit as st

    from app.widgets.form import fields
    from fairprog_core.common.errors import ConfigError

    cls = getattr(import_module(module), name)
    values = fields.fields(cls, key="form")
    try:
        st.json(cls.parse(values).to_json())
    except ConfigError as error:
        st.error(str(error))


def form(cls: type[Options]) -> AppTest:
    return AppTest.from_function(form_of, args=(cls.__module__, cls.__name__), default_timeout=30).run()


def made_by(page: AppTest):
    return json.loads(page.json[0].value)


@pytest.mark.parametrize("cls", REGISTERED, ids=lambda cls: cls.__name__)
def test_untouched_form_gives_the_defaults(cls):
    page = form(cls)
    assert not page.exception
    assert not page.error
    assert made_by(page) == cls().to_json()


@pytest.mark.parametrize("cls", REGISTERED, ids=lambda cls: cls.__name__)
def test_every_field_has_a_title(cls):
    assert [name for name, info in cls.model_fields.items() if name != "kind" and not info.title] == []


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    """Options with one field of every sort, in a module that the page can import."""
    from tests.app import made_up

    return made_up.Everything


def test_entry_that_forms_never_saw_is_drawn_whole(everything):
    page = form(everything)
    assert not page.exception
    assert made_by(page) == everything().to_json()
    assert page.number_input(key="form.share").help == "A share."
    assert page.selectbox(key="form.corner").options == ["none", "Left", "Right"]


def test_changed_widgets_change_the_options(everything):
    page = form(everything)
    page.number_input(key="form.share").set_value(0.25)
    page.number_input(key="form.limit").set_value(9)
    page.selectbox(key="form.corner").set_value("right")
    page.toggle(key="form.is_on").set_value(False)
    page.text_input(key="form.numbers").set_value("1; 2.5, 4")
    page.text_input(key="form.words").set_value("one, two")
    page.text_input(key="form.table").set_value('{"a": 2}')
    page.selectbox(key="form.animal.kind").set_value("dog")
    page.multiselect(key="form.animals.kinds").set_value(["dog", "cat"])
    page.run()
    page.number_input(key="form.animal.dog.legs").set_value(3)
    page.toggle(key="form.pet").set_value(True)
    page.run()
    assert not page.exception
    made = made_by(page)
    assert made["share"] == 0.25
    assert made["limit"] == 9
    assert made["corner"] == "right"
    assert made["is_on"] is False
    assert made["numbers"] == [1.0, 2.5, 4.0]
    assert made["words"] == ["one", "two"]
    assert made["table"] == {"a": 2}
    assert made["animal"] == {"kind": "dog", "legs": 3}
    assert [animal["kind"] for animal in made["animals"]] == ["dog", "cat"]
    assert made["pet"] == {"kind": "cat", "lives": 9}


def test_kind_switched_there_and_back_starts_from_its_defaults(everything):
    page = form(everything)
    page.selectbox(key="form.animal.kind").set_value("dog").run()
    page.selectbox(key="form.animal.kind").set_value("cat").run()
    assert made_by(page)["animal"] == {"kind": "cat", "lives": 7}


@pytest.mark.parametrize(
    ("key", "text", "found"),
    [("form.numbers", "1, two", "two"), ("form.numbers", "", "numbers"), ("form.table", "{a", "table")],
)
def test_wrong_value_shows_one_sentence_and_no_options(everything, key, text, found):
    page = form(everything)
    page.text_input(key=key).set_value(text).run()
    assert not page.exception
    assert not page.json
    (error,) = page.error
    assert found in error.value


@pytest.mark.parametrize("share", [-2.0, 7.0])
def test_number_out_of_bounds_shows_one_sentence_and_no_options(everything, share):
    page = form(everything)
    page.number_input(key="form.share").set_value(share).run()
    assert not page.json
    (error,) = page.error
    assert f"share: should be {'greater' if share < 0 else 'less'} than" in error.value


def test_advanced_fields_are_folded(everything):
    page = form(everything)
    inside = {widget.key for fold in page.expander for widget in fold.number_input}
    assert "form.limit" in inside
    assert "form.share" not in inside


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("0, 0.3;1", [0, 0.3, 1]), ("", []), (" , ", []), ("1e2", [100.0]), ("x", ["x"])],
)
def test_numbers_are_read_from_text(text, numbers):
    assert inputs.numbers(text) == numbers


def test_field_of_optional_union_finds_its_members(everything):
    spec = field_of("pet", everything.model_fields["pet"])
    assert spec.is_optional
    assert [member.__name__ for member in spec.members] == ["Cat"]
