"""Every page on studies of the user's own tables, of texts and of pictures; and the form."""

import pytest

from app.models import saved_study

PAGES = ("tradeoff", "saliency", "probe", "compare", "runs")
WEAK = "The base classifier is "  # no better than the most frequent label, after so few steps
FORM = "study.faces-quick"


@pytest.fixture(params=["text", "image"])
def own(request, own_table):
    return own_table(request.param)


def test_every_page_opens_a_study_of_a_table(own, open_page, monkeypatch):
    monkeypatch.setenv("FAIRPROG_HOME", str(own.home.path))
    for name in PAGES:
        page = open_page(name, run=own.run_id)
        assert not page.exception, name
        assert all(str(each.value).startswith(WEAK) for each in page.error), name


def test_result_names_the_users_own_labels_and_groups(own):
    wanted = {"letters": (("fine", "rude"), ("north", "south", "islands")), "people": (("no", "yes"), ("old", "young"))}
    result = own.result
    assert (tuple(result.labels), tuple(result.groups)) == wanted[own.study.name]
    assert saved_study.modality(result.study) == own.study.dataset.modality


def test_form_offers_what_suits_the_columns_that_are_named(open_page):
    page = open_page("train")
    page.selectbox(key=f"{FORM}.dataset.kind").set_value("table").run()
    assert not page.exception
    assert page.selectbox(key=f"{FORM}.text.classifier.kind").value == "encoder"
    page.text_input(key=f"{FORM}.dataset.table.image").set_value("file").run()
    assert not page.exception
    assert page.selectbox(key=f"{FORM}.classifier.kind").value == "residual_net"
