"""Saliency: the gallery with its filters, the averages with their sentences, the way to a picture of one's own."""

import json

import numpy as np
import pytest

from app.components.saliency import own_answer
from app.components.saliency.maps import gallery as maps
from app.state.explain_process import process
from app.wording import probe as probe_words
from app.wording import saliency as words
from app.wording.shared import inside
from fairprog_core.report.figures import overlay
from tests.app.drawn import given, marker


@pytest.fixture
def gallery(finished):
    result = finished.result
    return result.gallery(result.curves[0])


def said(page):
    return " ".join(block.value for block in page.markdown)


def test_without_any_run_says_what_to_do(open_page):
    page = open_page("saliency")
    assert not page.exception
    assert [info.value for info in page.info] == [inside.EMPTY]


def test_card_has_photo_without_with_and_control(open_page, demo, gallery):
    page = open_page("saliency")
    assert not page.exception
    cards = given(page, "gallery")["cards"]
    assert len(cards) == len(gallery.arrays["row"])
    cells = cards[0]["cells"]
    assert [cell["label"] for cell in cells] == [
        words.PHOTO,
        *(words.CONDITIONS[c] for c in ("without", "with", "untrained")),
    ]
    assert [len(cell["sources"]) for cell in cells] == [1, 1, 3, 1]
    assert all(source.startswith("data:image/jpeg;base64,") for cell in cells for source in cell["sources"])


def test_captions_say_prediction_probability_and_whether_it_is_right(gallery):
    logits, y = gallery.arrays["logits_without"][0], int(gallery.arrays["y"][0])
    card = maps.cards("captions", gallery, (0,), maps.Choice("grad_cam", "untrained"))[0]
    share = float(np.exp(logits.max()) / np.exp(logits).sum())
    lines = card.cells[1].captions[0].splitlines()
    assert lines[0] == f"{gallery.about['labels'][int(logits.argmax())]}, {share:.2f}"
    assert lines[1] == (words.RIGHT if logits.argmax() == y else words.WRONG)


def test_integrated_gradients_show_their_delta(gallery):
    card = maps.cards("deltas", gallery, (0,), maps.Choice("integrated_gradients", "black"))[0]
    with_trigger = card.cells[2]
    assert len(with_trigger.captions) == 3
    assert all("delta" in caption for caption in with_trigger.captions)
    assert card.cells[3].label == words.CONDITIONS["black"]


def test_explained_class_changes_the_map(gallery):
    first, second = (
        maps.cards(f"class {c}", gallery, (0,), maps.Choice("grad_cam", "untrained", target=c))[0] for c in (0, 1)
    )
    assert first.cells[1].sources != second.cells[1].sources
    assert first.cells[0].sources == second.cells[0].sources


def test_filters_compare_with_the_label(gallery):
    def found(choice, index):
        return sorted(maps.matching(gallery, choice, index))

    arrays = gallery.arrays
    for index in range(len(arrays["lams"])):
        before = arrays["logits_without"].argmax(1) == arrays["y"]
        after = arrays["logits"][:, index].argmax(1) == arrays["y"]
        choose = maps.Choice("grad_cam", "untrained")
        assert found(choose, index) == list(range(len(before)))
        assert found(choose._replace(wanted="gained"), index) == np.flatnonzero(~before & after).tolist()
        assert found(choose._replace(wanted="lost"), index) == np.flatnonzero(before & ~after).tolist()
        assert found(choose._replace(group=1), index) == np.flatnonzero(arrays["z"] == 1).tolist()


def test_empty_map_is_called_empty(gallery):
    blank = gallery._replace(arrays=gallery.arrays | {"cam_without": np.zeros_like(gallery.arrays["cam_without"])})
    card = maps.cards("blank", blank, (0,), maps.Choice("grad_cam", "untrained"))[0]
    assert words.EMPTY_MAP in card.cells[1].captions[0]


def test_pictures_with_an_empty_map_come_last(gallery):
    cams = gallery.arrays["cam_class_without"].copy()
    cams[:] = 1
    cams[0, 1] = 0
    arrays = gallery.arrays | {"cam_class_without": cams, "cam_class": np.ones_like(gallery.arrays["cam_class"])}
    arrays |= {"cam_class_untrained": np.ones_like(gallery.arrays["cam_class_untrained"])}
    choice = maps.Choice("grad_cam", "untrained", target=1)
    assert maps.matching(gallery._replace(arrays=arrays), choice, 0) == [*range(1, gallery.n_rows), 0]


def test_page_opens_on_the_positive_class_and_the_means_by_group(open_page, demo, finished):
    page = open_page("saliency", lam="4")
    explain = finished.result.curves[0].explain
    cards = given(page, "means")["cards"]
    assert [card["title"] for card in cards] == finished.result.group_names
    assert [cell["label"] for cell in cards[0]["cells"]] == [
        "Without", "With the trigger", "Difference", "Untrained trigger", "Black trigger",
    ]  # fmt: skip
    assert [len(cell["sources"]) for cell in cards[0]["cells"]] == [1, 3, 3, 1, 1]
    share = explain["by_group"][finished.result.group_names[0]]["lam"][2]["value"]
    assert cards[0]["cells"][1]["captions"][2].startswith(f"{100 * share:.0f}\u00a0%")
    assert page.selectbox(key="map-target").value == 1
    assert "in the paper's Figure 8" in said(page)


def test_filter_without_match_says_so(open_page, demo, gallery, monkeypatch):
    monkeypatch.setattr(maps, "matching", lambda *_: [])
    page = open_page("saliency", lam="4")
    assert words.NONE_LEFT.format(lam="4") in [info.value for info in page.info]


def test_averages_are_those_of_the_result_and_each_has_a_sentence(open_page, demo, finished):
    page = open_page("saliency", lam="4")
    explain = finished.result.curves[0].explain
    share = explain["positive_hair_share"]["lam"][2]["value"]
    assert marker(page, "positive")[1] == [pytest.approx(share)]
    assert marker(page, "flips")[1] == [pytest.approx(explain["twins"]["flip_share"]["lam"][2]["value"])]
    assert f"{share:.3f}" in said(page)
    assert said(page).count("At λ = 4,") == 4


def test_view_switches_maps_and_their_share(open_page, demo, finished):
    page = open_page("saliency", lam="4")
    before = given(page, "gallery")["cards"][0]["cells"][1]["sources"]
    page.segmented_control(key="map-view").set_value("integrated_gradients").run()
    assert not page.exception
    assert given(page, "gallery")["cards"][0]["cells"][1]["sources"] != before
    share = finished.result.curves[0].explain["ig_hair_share"]["lam"][2]["value"]
    assert marker(page, "ig_share")[1] == [pytest.approx(share)]


def test_run_without_gallery_says_so(open_page, demo, home, finished):
    from tests.app.test_tradeoff import copy_of

    copy_of(finished, home, "bare", "bare")
    for file in home.run("bare").rglob("gallery.safetensors"):
        file.unlink()
    path = home.run("bare") / "result.json"
    values = json.loads(path.read_text("utf-8"))
    values["curves"][0]["explain"] = {}
    path.write_text(json.dumps(values), "utf-8")
    page = open_page("saliency", run="bare")
    assert not page.exception
    shown = [info.value for info in page.info]
    assert inside.NO_GALLERY in shown
    assert words.NO_AVERAGES in shown
    assert words.OWN_NO_GALLERY in shown


@pytest.mark.parametrize(
    ("seed", "is_complete", "sentence"),
    [(0, True, None), (0, False, inside.NOT_YET), (1, True, inside.ONE_SEED.format(seed=0))],
)
def test_curve_that_nobody_looked_into_says_why(open_page, demo, home, finished, seed, is_complete, sentence):
    from tests.app.test_tradeoff import copy_of

    copy_of(finished, home, "bare", "bare")
    for file in home.run("bare").rglob("gallery.safetensors"):
        file.unlink()
    path = home.run("bare") / "result.json"
    values = json.loads(path.read_text("utf-8"))
    values["curves"][0].update(explain={}, probe={}, seed=seed)
    for point in values["points"]:
        point["seed"] = seed
    path.write_text(json.dumps(values | {"complete": is_complete}), "utf-8")
    for view, otherwise in (("saliency", inside.NO_GALLERY), ("probe", probe_words.EMPTY)):
        page = open_page(view, run="bare")
        assert not page.exception
        assert (sentence or otherwise) in [info.value for info in page.info]


def test_own_picture_is_asked_for_with_its_limits(open_page, demo):
    page = open_page("saliency")
    assert "10 MB" in page.file_uploader(key="own-file").proto.help
    assert len(page.pills(key="own-example").options) == 4  # one example of every group and label


@pytest.fixture
def explaining(monkeypatch):
    """The page waits until the explain process has started and answered; the process ends after the test."""
    monkeypatch.setattr(own_answer, "FIRST_SECONDS", 100.0)
    yield
    process().close()


def test_own_picture_is_explained_and_a_broken_one_refused(open_page, demo, gallery, explaining):
    page = open_page("saliency", lam="4")
    page.file_uploader(key="own-file").upload("noise.png", b"no picture at all", "image/png").run(timeout=120)
    assert not page.exception
    assert any("no readable PNG" in error.value for error in page.error)
    page.file_uploader(key="own-file").upload("face.png", overlay.png(gallery.arrays["photo"][0])).run(timeout=120)
    assert not page.exception
    assert not page.error
    own, kept = given(page, "own-card")["cards"][0], given(page, "gallery")["cards"][0]
    assert own["title"] == words.OWN_TITLE.format(lam="4")
    # The same pixels as the first kept picture: the same answers, without, with and under the control.
    said = [cell["captions"][0].splitlines()[0] for cell in own["cells"][1:]]
    first = [cell["captions"][-1].splitlines()[0] for cell in kept["cells"][1:]]
    assert said == first


def test_note_above_the_maps_names_the_layer_or_says_that_gradients_stand_in():
    note = {"labels": ["no", "yes"], "layer": "layer vit.layers.1.norm, 4×4", "is_input_gradient": False}
    assert "at the layer vit.layers.1.norm, 4×4" in words.about(note, "grad_cam", None, shown=1, kept=1)
    program = words.about(note | {"is_input_gradient": True}, "grad_cam", 1, shown=1, kept=1)
    assert "gradients of the picture" in program
    assert "layer vit" not in program
