"""Cases that people ran into on the pages."""

import shutil

import pytest

from app.wording.shared import common
from fairprog_core.results.result import Result
from fairprog_core.results.summary import main_figures
from fairprog_core.results.weak_base import WeakBase, weak_base_sentence
from fairprog_core.runs import Owner
from tests.app.changed import change

WEAK = WeakBase(accuracy=0.14, majority_accuracy=0.6, swapped_accuracy=0.86)


@pytest.fixture
def run_on_a_weak_base(finished, store, home):
    """A finished run whose base gives its classes in the wrong order."""
    run = store.begin(finished.study, Owner.this_process())
    shutil.copytree(finished.folder, home.run(run.id))
    change(home.run(run.id), lambda values: values.update(weak_base=WEAK))
    figures = main_figures(Result.open(home.run(run.id)))
    store.append(run.id, [{"kind": "result"}], token=run.token, figures=figures)
    store.finish(run, "done")
    return run.id


@pytest.mark.parametrize("page", ["tradeoff", "train", "runs"])
def test_base_with_swapped_classes_is_told_in_red(page, open_page, run_on_a_weak_base):
    found = open_page(page, run=run_on_a_weak_base)
    assert not found.exception
    assert [error.value for error in found.error] == [common.plain(weak_base_sentence(WEAK, "test"))]


def test_base_with_swapped_classes_is_told_while_it_trains(open_page, store, finished):
    run = store.begin(finished.study, Owner.this_process())
    sentence = weak_base_sentence(WEAK, "validation")
    note = {"kind": "warning", "text": "16 of 20 pictures are there.", "is_grave": False}
    store.append(run.id, [{"kind": "warning", "text": sentence, "is_grave": True}] * 2 + [note], token=run.token)
    assert [warning.value for warning in open_page("train", run=run.id).warning] == [note["text"]]
    assert [error.value for error in open_page("train", run=run.id).error] == [common.plain(sentence)]


@pytest.mark.parametrize("page", ["tradeoff", "train", "runs"])
def test_base_that_is_better_than_the_most_frequent_label_needs_no_word(page, open_page, finished, store, home):
    run = store.begin(finished.study, Owner.this_process())
    shutil.copytree(finished.folder, home.run(run.id))
    change(home.run(run.id), lambda values: values.update(weak_base=None))
    figures = main_figures(Result.open(home.run(run.id)))
    store.append(run.id, [{"kind": "result"}], token=run.token, figures=figures)
    store.finish(run, "done")
    assert not open_page(page, run=run.id).error
