"""A picture of one's own while others ask too: the place in the queue, every way in which it can end, and leaving."""

from contextlib import closing

import pytest

from app.components.saliency import own_answer
from app.state import explain_process
from app.wording import saliency as words
from fairprog_core.explain.live.process import Request
from fairprog_core.explain.live.warm_process import Allowance
from fairprog_core.report.figures import overlay
from tests.app.drawn import given
from tests.hindrances import Gate, Hindrance, light_process

LONG = 60.0  # seconds after which a test gives up


@pytest.fixture
def process(monkeypatch):
    """The explain process of the pages; they draw the queue at once."""
    with closing(light_process()) as process:
        monkeypatch.setattr(explain_process, "process", lambda: process)
        monkeypatch.setattr(own_answer, "FIRST_SECONDS", 0.0)
        yield process


@pytest.fixture
def gate(process, tmp_path):
    """Another visitor's request that is being computed."""
    gate = Gate(process, tmp_path)
    yield gate
    gate.open()
    gate.ticket.result(LONG)


@pytest.fixture
def uploaded(open_page, demo, process, finished):
    """The page with a picture of one's own."""
    result = finished.result
    photo = overlay.png(result.gallery(result.curves[0]).arrays["photo"][0])

    def upload():
        page = open_page("saliency", lam="4")
        page.file_uploader(key="own-file").upload("face.png", photo, "image/png")
        return page.run()

    return upload


def shown(page):
    assert not page.exception
    return [block.value for block in page.markdown]


def ticket(page):
    return page.session_state["remembered.claims"]["own"].ticket


def keys(page):
    return {button.key for button in page.button}


def test_place_in_the_queue_is_shown_until_the_answer_is_there(uploaded, process, gate, tmp_path):
    other = process.submit(Hindrance("note", tmp_path / "order", 1), visitor="other")
    page = uploaded()
    assert words.OWN_BEFORE.format(n=2) in shown(page)
    other.cancel()
    assert words.OWN_BEFORE.format(n=1) in shown(page.run())
    gate.open()
    assert ticket(page).wait(LONG)
    page.run()
    assert not page.error
    assert given(page, "own-card")["cards"][0]["title"] == words.OWN_TITLE.format(lam="4")
    assert "own-cancel" not in keys(page)


def test_waiting_can_be_cancelled_and_begun_again(uploaded, gate):
    page = uploaded()
    first = ticket(page)
    page.button(key="own-cancel").click().run()
    assert first.is_dropped
    assert words.OWN_CANCELLED in [info.value for info in page.info]
    assert words.OWN_CANCELLED in [info.value for info in page.run().info]
    page.button(key="own-again").click().run()
    assert words.OWN_BEFORE.format(n=1) in shown(page)
    assert ticket(page) is not first


@pytest.mark.parametrize(
    ("does", "allowance", "sentence"),
    [
        ("spin", Allowance(seconds=0.5), "stopped after 0.5 seconds"),
        ("hog", Allowance(megabytes=100), "more than 100 MB"),
        ("fall", Allowance(), "ended twice"),
        ("break_down", Allowance(), "divides by zero"),
    ],
)
def test_every_end_is_told_and_can_be_tried_again(does, allowance, sentence, uploaded, process, monkeypatch):
    process.allowance = allowance
    monkeypatch.setattr(Request, "worker", property(lambda _: f"tests.hindrances:{does}"))
    page = uploaded()
    failed = ticket(page)
    assert failed.wait(LONG)
    page.run()
    assert not page.exception
    assert [sentence in error.value for error in page.error] == [True]
    assert ticket(page.run()) is failed  # it is not computed again with every drawing of the page
    page.button(key="own-again").click().run()
    assert ticket(page) is not failed


def test_full_queue_is_told(uploaded, process, gate, tmp_path, monkeypatch):
    monkeypatch.setenv("FAIRPROG_MAX_EXPLANATIONS_WAITING", "1")
    process.submit(Hindrance("note", tmp_path / "first", 1), visitor="another")
    page = uploaded()
    assert not page.exception
    assert "1 explanations wait already; at most 1 are allowed" in page.error[0].value


def test_other_page_or_other_choice_drops_what_waits(uploaded, gate):
    page = uploaded()
    first = ticket(page)
    page.segmented_control(key="map-view").set_value("integrated_gradients").run()
    second = ticket(page)
    assert first.is_dropped
    assert words.OWN_BEFORE.format(n=1) in shown(page)
    page.switch_page("views/start.py").run()
    assert not page.exception
    assert second.is_dropped


def test_session_that_has_gone_is_not_waited_for(uploaded, gate, monkeypatch):
    page = uploaded()
    assert ticket(page).place.n_before == 1
    monkeypatch.setattr(explain_process, "UNSEEN_SECONDS", 0.0)
    assert ticket(page).place.n_before == 0
    assert ticket(page).is_dropped


def test_closed_browser_is_not_waited_for_and_a_reconnected_one_asks_again(uploaded, gate, monkeypatch):
    page = uploaded()
    first = ticket(page)
    with monkeypatch.context() as patch:
        patch.setattr(explain_process.runtime, "get_instance", lambda: Closed())
        assert first.place.n_before == 0
    assert first.is_dropped
    assert words.OWN_BEFORE.format(n=1) in shown(page.run())


class Closed:
    """A server without sessions."""

    def is_active_session(self, _):
        return False
