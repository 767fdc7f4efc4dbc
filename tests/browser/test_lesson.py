"""The lesson in a real browser: its sums, a walk by keyboard, what the browser keeps, its handouts."""

import json
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from app.components.lesson import bundle
from app.wording.shared import glossary
from app.wording.shared.languages import languages
from fairprog_core.report.figures import people

SUMS = bundle.script().replace("export default function", "function whole")
REFUSE = """Object.defineProperty(window, 'localStorage', {
  get() { throw new DOMException('refused', 'SecurityError'); } });"""
KEPT = "() => JSON.parse(localStorage.getItem('fairprog.lesson.faces'))"


@pytest.fixture(scope="module")
def sums(browser):
    """``sums("belief(0.5, 3, 1)")``: what the lesson's script computes."""
    page = browser.new_page()
    yield lambda expression: page.evaluate(f"() => {{ {SUMS}\nreturn {expression}; }}")
    page.close()


def test_belief_follows_bayes_rule_by_hand(sums):
    """45 of 100 are men: odds 9 : 11. A face 20 : 1 makes it 180 : 11, a border that says "woman" 99 : 1 makes
    20 : 121. Without evidence the share stays."""
    assert sums("belief(0.45, 1, 1)") == pytest.approx(0.45)
    assert sums("belief(0.45, 20, 1)") == pytest.approx(180 / 191)
    assert sums("belief(0.45, 20, 1 / 99)") == pytest.approx(20 / 141)


def test_answer_mixes_the_groups_by_the_belief_by_hand(sums):
    """Certain that it is a woman, of whom 40 of 100 are blond: 2 : 3, and hair of 4 : 1 makes it 8 : 3. Half certain,
    with 6 of 100 men: 23 : 77, and 92 : 77."""
    assert sums("answer(4, 0, 0.06, 0.4)") == pytest.approx(8 / 11)
    assert sums("answer(4, 0.5, 0.06, 0.4)") == pytest.approx(92 / 169)


@pytest.mark.parametrize("message", [0.001, 0.5, 1, 30])
def test_answer_is_the_sum_over_all_worlds(sums, message):
    """The direct way: the joint probability of group, label, hair, face and border, summed over groups."""
    prior, blond, face, hair = {"man": 0.45, "woman": 0.55}, {"man": 0.06, "woman": 0.4}, 20, 4
    seen = {"man": face * message, "woman": 1}
    yes = sum(prior[z] * blond[z] * seen[z] * hair for z in prior)
    no = sum(prior[z] * (1 - blond[z]) * seen[z] for z in prior)
    assert sums(f"answer({hair}, belief(0.45, {face}, {message}), 0.06, 0.4)") == pytest.approx(yes / (yes + no))


def test_strong_message_makes_the_answers_equal_whatever_it_says(sums):
    """The paper's Theorem 1: as the trigger's message becomes certain, the answer no longer depends on the group."""

    def gap(message):
        return abs(sums(f"answer(4, belief(0.45, 20, {message}), 0.06, 0.4)")
                   - sums(f"answer(4, belief(0.45, 1 / 20, {message}), 0.06, 0.4)"))  # fmt: skip

    assert gap(1) > 0.4
    assert gap(1e6) < 1e-3
    assert gap(1e-6) < 1e-3


def test_weak_message_can_widen_the_difference(sums):
    """What step 3 says of faces of 4 : 1, and of comments: a weak message to the group that has fewer of the label."""
    faces = [{"share": 0.55, "positive": 0.4}, {"share": 0.45, "positive": 0.06}]
    comments = [{"share": 0.3, "positive": 0.15}, {"share": 0.3, "positive": 0.65}]
    for groups, weak, loud in ((faces, 2, 1e4), (comments, 0.5, 1e-4)):
        none, wide, least = (
            sums(f"difference({{groups: {json.dumps(groups)}}}, 4, {message})") for message in (1, weak, loud)
        )
        assert wide > none + 0.01
        assert least < 0.01


def test_differences_are_those_of_the_numbers_on_the_screen(sums):
    """78.4 and 76.6 are shown as 78 and 77: 1 point, not 1.8."""
    assert sums("apart([0.784, 0.766])") == pytest.approx(0.01)


@pytest.mark.parametrize("share", [0.285, 0.045, 0.8748, 0.665, 0.575, 0.01, 1])
def test_numbers_of_100_are_rounded_as_on_start(sums, share):
    """A half is rounded up: 0.285 is 29 of 100, although 100 * 0.285 is a little less than 28.5 for a machine."""
    assert str(sums(f"Math.round(hundred({share}))")) == people.points(share)


def test_two_steps_call_the_same_difference_equal(sums):
    assert sums("NEAR_ANSWERS === NEAR")


@pytest.mark.parametrize(
    ("times", "text"), [(0.05, "1/20"), (45 / 55, "0.82"), (1, "1"), (2.5, "2.5"), (10000, "10000")]
)
def test_times_are_written_for_people(sums, times, text):
    assert sums(f"written({{ number: (value, digits = 0) => value.toFixed(digits) }}, {times})") == text


def test_hundred_marks_are_shared_out_by_hand(sums):
    """33.3, 33.3 and 33.4 of 100: the largest remainder gets the last one."""
    assert sums("wholes([0.333, 0.333, 0.334], 100)") == [33, 33, 34]
    assert sum(sums("wholes([0.015, 0.015, 0.97], 100)")) == 100


def test_two_meanings_of_fair_by_hand(sums):
    """Two groups whose scores separate them perfectly, with 50 and 10 of 100 positive: to call both equally often, the
    best is 10 to 50 of each; to be equally right, 50 and 10, where every answer is right."""
    hits = {percent: [min(i / percent, 1) for i in range(101)] for percent in (50, 10)}
    groups = [
        {"name": "a", "share": 0.5, "positive": percent / 100, "hits": hits[percent],
         "alarms": [max(i - percent, 0) / (100 - percent) for i in range(101)]}
        for percent in (50, 10)
    ]  # fmt: skip
    assert sums(f"bestRight({json.dumps(groups)})") == [50, 10]
    assert sums(f"accuracyAt({json.dumps(groups)}, [50, 10])") == pytest.approx(1)
    first, second = sums(f"bestEqual({json.dumps(groups)})")
    assert first == second
    assert sums(f"accuracyAt({json.dumps(groups)}, [{first}, {first}])") == pytest.approx(0.8)


@pytest.mark.parametrize(("numbers", "text"), [([1, 2, 3, 5], "1-3,5"), ([4], "4"), ([], "")])
def test_steps_of_a_link(sums, numbers, text):
    assert sums(f"ranges({numbers})") == text


def answer_and_show(page: Page) -> None:
    """Guess and see what was measured, on the step on the screen, with the keyboard alone."""
    if page.locator("fieldset.card").count():
        for card in page.locator("fieldset.card").all():
            card.locator("input").first.focus()
            page.keyboard.press("Space")
    else:
        page.locator("fieldset.guess input").first.focus()
        page.keyboard.press("Space")
    page.locator(".stage button.main").focus()
    page.keyboard.press("Enter")


@pytest.mark.parametrize(("link", "scheme", "size"), [("faces,de", "light", 1440), ("comments,en", "dark", 390)])
def test_walk_by_keyboard_is_accessible_at_every_step(server, visitor, link, scheme, size):
    visit = visitor(server, width=size, height=900, scheme=scheme)
    page = visit.open(f"/lesson?lesson={link}")
    data, _, language = link.partition(",")
    texts = languages()[language]
    expect(page.locator(".fp-lesson h1")).to_have_text(texts["title"])
    assert page.locator(".fp-lesson").get_attribute("lang") == language
    assert visit.findings() == []
    for number in range(1, 7):
        expect(page.locator(".fp-lesson h2")).to_have_text(texts[f"step{number}"]["title"])
        answer_and_show(page)
        expect(page.get_by_role("heading", name=texts["ui"]["explain"])).to_be_visible()
        assert re.findall(r"\{\w+\}|undefined|NaN", page.locator(".fp-lesson").inner_text()) == []
        for slider in page.locator(".stage input[type=range]").all():
            before = slider.get_attribute("aria-valuetext")
            slider.focus()
            page.keyboard.press("ArrowRight")
            assert slider.get_attribute("aria-valuetext") != before
        assert visit.findings() == [], number
        assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
        if number < 6:
            page.get_by_role("button", name=texts["ui"]["next"]).focus()
            page.keyboard.press("Enter")
    expect(page.get_by_text(texts["ui"]["finish"])).to_be_visible()
    assert visit.console == []
    assert page.evaluate(f"Object.keys(JSON.parse(localStorage.getItem('fairprog.lesson.{data}')).shown).length") == 6


def test_answers_stay_in_the_browser_and_survive_a_reload(server, visitor):
    visit = visitor(server)
    frames = []
    visit.page.on("websocket", lambda socket: socket.on("framesent", lambda payload: frames.append(payload)))
    requests = []
    page = visit.open("/lesson?lesson=en")
    before = len(frames)
    page.on("request", lambda request: requests.append(request.url))
    page.locator("fieldset.guess input").nth(2).check()
    page.locator(".stage button.main").click()
    page.get_by_role("button", name="Next step").click()
    assert (len(frames), requests) == (before, [])
    assert page.evaluate(KEPT)["guesses"] == {"step1": 2}
    page.reload()
    visit.settle()
    expect(page.locator(".fp-lesson h2")).to_have_text("Two meanings of fair")
    page.locator(".step").first.click()
    expect(page.get_by_text("Your guess: about 50.")).to_be_visible()
    page.get_by_role("button", name="Start over").click()
    page.get_by_role("button", name="Yes, start over").click()
    assert page.evaluate(KEPT)["guesses"] == {}
    expect(page.locator("fieldset.guess input:checked")).to_have_count(0)


def test_link_shows_the_answers_of_an_earlier_visit_only_to_who_goes_on(server, visitor):
    """A shared computer: the last learner's answers lie in the browser when the next one opens the link."""
    visit = visitor(server)
    page = visit.open("/lesson?lesson=en")
    page.locator("fieldset.guess input").first.check()
    page.get_by_role("button", name="Next step").click()
    ask = languages()["en"]["ui"]
    for _ in range(2):  # a reload asks as well
        visit.open("/lesson?lesson=en")
        expect(page.locator(".fp-lesson h2")).to_have_text(ask["resume"])
        expect(page.locator("fieldset.guess")).to_have_count(0)
        page.reload()
        expect(page.locator(".fp-lesson h2")).to_have_text(ask["resume"])
    assert visit.findings() == []
    page.get_by_role("button", name="Deutsch").click()
    page.get_by_role("button", name=languages()["de"]["ui"]["go_on"]).click()
    expect(page.locator(".fp-lesson h2")).to_have_text("Zwei Arten von fair")
    visit.open("/lesson?lesson=en")
    page.get_by_role("button", name=ask["fresh"]).click()
    expect(page.locator(".fp-lesson h2")).to_have_text("Right on average")
    expect(page.locator("fieldset.guess input:checked")).to_have_count(0)
    assert page.evaluate(KEPT)["guesses"] == {}


def test_lesson_works_where_the_browser_keeps_nothing(server, visitor):
    visit = visitor(server)
    visit.page.add_init_script(REFUSE)
    page = visit.open("/lesson?lesson=en")
    expect(page.get_by_text(languages()["en"]["ui"]["not_kept"])).to_be_visible()
    page.locator("fieldset.guess input").first.check()
    page.locator(".stage button.main").click()
    page.get_by_role("button", name="Next step").click()
    page.locator(".step").first.click()
    expect(page.get_by_text("Your guess: about 90.")).to_be_visible()
    page.get_by_role("button", name="Deutsch").click()
    expect(page.locator(".fp-lesson h1")).to_have_text(languages()["de"]["title"])


def test_link_hides_steps_and_says_what_it_does_not_know(server, visitor):
    page = visitor(server).open("/lesson?lesson=de,2,5-6,klingon")
    expect(page.locator(".step")).to_have_count(3)
    expect(page.locator(".fp-lesson h2")).to_have_text("Zwei Arten von fair")
    expect(page.locator(".warning")).to_contain_text("„klingon“")


def test_teacher_makes_a_link_that_opens_the_same_lesson(server, visitor):
    visit = visitor(server)
    page = visit.open("/lesson?lesson=en")
    page.get_by_text("For teachers: link and handout").click()
    page.get_by_label("Data", exact=True).last.select_option("comments")
    page.get_by_label("Language", exact=True).last.select_option("de")
    page.get_by_role("checkbox", name=re.compile("^3")).uncheck()
    address = page.get_by_label("Link for your class").input_value()
    assert parse_qs(urlsplit(address).query) == {"lesson": ["comments,de,1-2,4-6"]}
    visit.open(urlsplit(address).path + "?" + urlsplit(address).query)
    expect(page.locator(".step")).to_have_count(5)
    expect(page.locator(".fp-lesson .intro")).to_contain_text("Kommentare")


def test_learner_chooses_other_data_and_the_address_follows(server, visitor):
    visit = visitor(server)
    page = visit.open("/lesson?lesson=en,1-2")
    page.get_by_role("button", name="Made-up comments").click()
    expect(page.locator(".fp-lesson .intro")).to_contain_text("comments")
    visit.settle()
    assert parse_qs(urlsplit(page.url).query)["lesson"] == ["comments,en,1,2"]
    expect(page.locator(".step")).to_have_count(2)
    page.get_by_role("button", name="Deutsch").click()
    expect(page.locator(".fp-lesson .intro")).to_contain_text("Kommentare")
    page.wait_for_url(lambda url: parse_qs(urlsplit(url).query).get("lesson") == ["comments,de,1,2"])
    visit.settle()
    assert page.evaluate("document.activeElement.shadowRoot?.activeElement.lang ?? document.activeElement.lang") == "de"


def test_glossary_speaks_the_language_of_the_lesson_and_of_no_other_page(server, visitor):
    visit = visitor(server)
    page = visit.open("/lesson?lesson=de")
    texts = languages()["de"]
    page.get_by_role("button", name=texts["ui"]["glossary_button"], exact=True).click()
    window = page.get_by_role("dialog", name=texts["ui"]["glossary"])
    expect(window.locator("dt")).to_have_text([name for name, _ in texts["glossary"].values()])
    assert visit.findings() == []
    window.get_by_role("button", name=texts["ui"]["close"]).click()
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("button", name=glossary.BUTTON, exact=True)).to_be_visible()
    page.get_by_role("button", name="Deutsch").click()
    page.get_by_role("link", name="Start", exact=True).click()
    visit.settle()
    expect(page.get_by_role("button", name=glossary.BUTTON, exact=True)).to_be_visible()
    assert page.locator("#fp-glossary dt").all_text_contents() == [term.name for term in glossary.glossary().values()]


@pytest.mark.parametrize("kind", ["Print the handout for the class", "Print the handout with answers"])
def test_handout_holds_every_step_on_paper_alone(server, visitor, kind):
    visit = visitor(server)
    visit.page.add_init_script("window.print = () => { window.printed = true; }")
    page = visit.open("/lesson?lesson=en")
    page.locator("fieldset.guess input").first.check()
    page.get_by_text("For teachers: link and handout").click()
    page.get_by_role("button", name=kind).click()
    assert page.evaluate("window.printed")
    paper = page.locator(".handout")
    expect(paper).to_be_hidden()
    page.emulate_media(media="print")
    expect(paper).to_be_visible()
    expect(page.locator(".fp-lesson nav")).to_be_hidden()
    text = paper.inner_text()
    assert all(f"{number} · " in text for number in range(1, 7))
    assert ("Of 100 blond men it recognises" in text) == ("with answers" in kind)
    assert ("➜ about 35" in text, "➜ about 90" in text, paper.locator("table").count() > 5) == (
        ("with answers" in kind), False, ("with answers" in kind)
    )  # fmt: skip
    assert "Your guess" not in text
    assert re.findall(r"\{\w+\}|undefined|NaN", text) == []
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    expect(paper).to_have_count(0)
