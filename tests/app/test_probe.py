"""Probe: what every demographic classifier reads, and what the base's features tell; figures as they are."""

import json

import pytest

from app.wording import probe as words
from app.wording.shared import inside
from tests.app.drawn import given, marker, rows


def said(page):
    return " ".join(block.value for block in page.markdown)


def test_without_any_run_says_what_to_do(open_page):
    page = open_page("probe")
    assert not page.exception
    assert [info.value for info in page.info] == [inside.EMPTY]


def test_run_without_probe_says_what_to_do(open_page, home, finished):
    from tests.app.test_tradeoff import copy_of

    copy_of(finished, home, "plain", "plain")
    path = home.run("plain") / "result.json"
    values = json.loads(path.read_text("utf-8"))
    values["curves"][0]["probe"] = {}
    path.write_text(json.dumps(values), "utf-8")
    page = open_page("probe", run="plain")
    assert not page.exception
    assert [info.value for info in page.info] == [words.EMPTY]


def test_every_classifier_has_a_line_with_its_controls(open_page, demo, finished):
    page = open_page("probe", lam="4")
    assert not page.exception
    found = finished.result.curves[0].probe
    said_now = [each["probability"]["mean"]["lam"][2][1] for each in found["classifiers"]]
    assert marker(page, "probability")[1] == pytest.approx(said_now)
    table = rows(page, "probability")
    assert [row[0] for row in table] == ["without", "untrained", "black", "λ = 0", "λ = 1", "λ = 4"]
    assert len(table[0]) == 1 + len(found["classifiers"]) == 4


def test_table_beside_the_chart_names_the_controls_too(open_page, demo, finished):
    table = given(open_page("probe", lam="4"), "classifiers")
    assert [cell["text"] for cell in table["columns"]] == [
        "Classifier",
        "Without",
        "Untrained",
        "Black",
        "λ\u00a0=\u00a04",
    ]
    first = finished.result.curves[0].probe["classifiers"][0]["probability"]["mean"]
    shown = [cell["text"] for cell in table["rows"][0][1:]]
    assert shown == [f"{first[name][1]:.2f}" for name in ("without", "untrained", "black")] + [
        f"{first['lam'][2][1]:.2f}"
    ]


def test_null_pictures_stand_beside_the_chart(open_page, demo):
    cells = given(open_page("probe"), "nulls")["cards"][0]["cells"]
    assert [cell["label"] for cell in cells] == [words.NULL_WITHOUT, words.NULL_UNTRAINED, words.NULL_WITH]
    assert [len(cell["sources"]) for cell in cells] == [1, 1, 3]


def test_other_group_and_other_picture_change_the_chart(open_page, demo, finished):
    page = open_page("probe", lam="4")
    page.segmented_control(key="probe-group").set_value(0)
    page.segmented_control(key="null").set_value("grey").run()
    assert not page.exception
    found = finished.result.curves[0].probe["classifiers"]
    assert marker(page, "probability")[1] == pytest.approx([each["probability"]["grey"]["lam"][2][0] for each in found])
    assert words.STRANGE_NOTE in said(page)


def test_reading_has_chance_and_a_sentence_per_reader(open_page, demo, finished):
    page = open_page("probe", lam="4")
    found = finished.result.curves[0].probe
    readers = [kind for kind in words.READERS if found.get(kind)]
    assert len(marker(page, "reading")[1]) == len(readers)
    assert "Guessing reaches" in said(page)


@pytest.mark.parametrize(
    ("read", "apart", "are_on_both_sides"),
    [
        ([[0.1, 0.9], [0.9, 0.1]], "0.80", True),
        ([[0.6, 0.4], [0.9, 0.1]], "0.30", False),
        ([[0.45, 0.3, 0.25], [0.6, 0.2, 0.2]], "0.15", False),  # both read the first of three groups
        ([[0.1, 0.7, 0.2], [0.2, 0.2, 0.6]], "0.10", True),
    ],
)
def test_agreement_says_only_what_the_figures_show(read, apart, are_on_both_sides):
    text = words.agreement(read, 0)
    assert f"differ by up to {apart}" in text
    assert (words.BOTH_SIDES in text) == are_on_both_sides
    assert words.agreement(read[:1], 0) == ""
