"""Start: the demo from the demo, and the way to Train."""

import json

from app.wording import start as words


def picture_of(page):
    """What the demo's component was given."""
    found = [node for node in page.main if node.type == "bidi_component"]
    return json.loads(found[0].proto.json)[0] if found else None


def test_without_demo_says_what_to_do(open_page):
    page = open_page()
    assert not page.exception
    assert [info.value for info in page.info] == [words.NO_DEMO]
    assert page.button(key="to_train").label == words.BUTTON


def test_damaged_demo_says_what_to_do(open_page, tmp_path):
    folder = tmp_path / "assets" / "demo" / "faces"
    folder.mkdir(parents=True)
    (folder / "result.json").write_text("{")
    page = open_page()
    assert not page.exception
    assert "cannot be read" in page.warning[0].value


def test_with_demo_shows_every_lambda_of_the_curve(open_page, demo, finished):
    page = open_page()
    assert not page.exception
    assert not page.info
    picture = picture_of(page)
    assert [stop["tick"] for stop in picture["stops"]] == [words.NO_TRIGGER, "0", "1", "4"]
    assert len(picture["triggers"]) == 3
    base = finished.result.base
    assert picture["stops"][0]["figures"][1]["now"] == f"{base.metric('accuracy').value:.3f}"
    assert all(len(example["predictions"]) == 4 for example in picture["examples"])


def test_button_leads_to_train(open_page):
    page = open_page()
    page.button(key="to_train").click().run()
    assert not page.exception
    assert page.title[0].value == "Train a trigger"
