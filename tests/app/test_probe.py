"""Probe: what every demographic classifier reads, and what the base's features tell; figures as they are."""

import json

import pytest

from app.wording import probe as words
from app.wording.shared import inside
from fairprog_core.metrics.explanations.by_condition import ByCondition
from fairprog_core.metrics.explanations.probe import DemographicPrediction, LinearReadings, Probe
from fairprog_core.report.figures.explanations import probe_of
from fairprog_core.report.figures.probe_controls import most_moved, probe_controls, readers
from tests.app.drawn import given, marker, rows


def said(page):
    return " ".join(block.value for block in page.markdown)


def opened(finished):
    """The group that the page opens on."""
    curve = finished.result.curves[0]
    found = probe_of(curve)
    return most_moved(found, "mean", found.lams.index(curve.chosen_lam))


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
    group = opened(finished)
    said_now = [each["probability"]["mean"]["lam"][2][group] for each in found["classifiers"]]
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
    group, shown = opened(finished), [cell["text"] for cell in table["rows"][0][1:]]
    assert shown == [f"{first[name][group]:.2f}" for name in ("without", "untrained", "black")] + [
        f"{first['lam'][2][group]:.2f}"
    ]


def one_probe(*classifiers):
    """A probe of one empty input and two λ; a classifier: P(male) without, with a black trigger, at λ = 0 and 4."""
    found = [
        DemographicPrediction("", "", 0.9, None, 9, {"mean": ByCondition(
            [1 - without, without], {"black": [1 - black, black]}, [[1 - first, first], [1 - now, now]]
        )})
        for without, black, first, now in classifiers
    ]  # fmt: skip
    return Probe([0.0, 4.0], ["female", "male"], ["mean"], found, LinearReadings())


def test_page_opens_on_the_group_that_moves_most_and_concludes_with_the_controls(open_page, demo, finished):
    page = open_page("probe", lam="4")
    found, group = probe_of(finished.result.curves[0]), opened(finished)
    assert page.segmented_control(key=f"probe-group-demo-{finished.result.curves[0].key}").value == group
    count = readers(found, "mean", group, 2)
    assert f"{count.now} of 3 classifiers read “{found.groups[group]}”" in said(page)
    assert f"{count.others['black']} with the black trigger" in said(page)


def test_group_that_rises_is_the_one_that_moves_most_of_two():
    assert most_moved(one_probe((0.2, 0.2, 0.2, 0.9), (0.3, 0.2, 0.2, 0.8)), "mean", 1) == 1
    assert most_moved(one_probe((0.9, 0.2, 0.2, 0.2)), "mean", 1) == 0


@pytest.mark.parametrize(
    ("black", "verdict"),
    [
        ((0.1, 0.12), "clearly further than with every control"),
        ((0.95, 0.9), "the black trigger moves it as far, so this does not show"),
        ((0.1, 0.8), "not clearly further than with the black trigger"),
    ],
)
def test_conclusion_counts_the_classifiers_and_names_the_control_that_moves_as_far(black, verdict):
    probe = one_probe(*((0.1, one, 0.12, 0.9) for one in black))
    text = words.conclusion(readers(probe, "mean", 1, 1), probe_controls(probe, "mean", 1, 1), "mean", "male")
    assert "2 of 2 classifiers read “male” from the mean picture" in text
    assert "0 without it" in text
    assert verdict in text


def test_null_pictures_stand_beside_the_chart(open_page, demo):
    cells = given(open_page("probe"), "nulls")["cards"][0]["cells"]
    assert [cell["label"] for cell in cells] == [words.NULL_WITHOUT, words.NULL_UNTRAINED, words.NULL_WITH]
    assert [len(cell["sources"]) for cell in cells] == [1, 1, 3]


def test_other_group_and_other_picture_change_the_chart(open_page, demo, finished):
    page = open_page("probe", lam="4")
    page.segmented_control(key=f"probe-group-demo-{finished.result.curves[0].key}").set_value(0)
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
