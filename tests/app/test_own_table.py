"""Every page on studies of the user's own tables, of texts and of pictures."""

import pytest

from app.models import saved_study

PAGES = ("tradeoff", "saliency", "probe", "compare", "runs")
WEAK = "The base classifier is "  # no better than the most frequent label, after so few steps


@pytest.fixture(params=["text", "image"])
def own(request, own_table):
    return own_table(request.param)


def test_every_page_opens_a_study_of_a_table(own, open_page, monkeypatch):
    monkeypatch.setenv("FAIRPROG_HOME", str(own.home.path))
    for name in PAGES:
        page = open_page(name, run=own.run_id)
        assert not page.exception, name
        assert [each.value for each in page.error if not each.value.startswith(WEAK)] == [], name


def test_result_names_the_users_own_labels_and_groups(own):
    wanted = {"letters": (("fine", "rude"), ("north", "south", "islands")), "people": (("no", "yes"), ("old", "young"))}
    result = own.result
    assert (tuple(result.labels), tuple(result.base.groups)) == wanted[own.study.name]
    assert saved_study.modality(result.study) == own.study.dataset.modality
