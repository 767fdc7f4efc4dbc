"""Reports in a real browser, offline, from their file: the slider, the choice of the curve, axe, a phone, paper."""

import re

import pytest

from fairprog_core.report.figures.family import families
from fairprog_core.report.render import render_report
from fairprog_core.results.result import Result
from fairprog_core.results.run_folder import shipped_runs
from tests.browser.conftest import Visit

PAGE_OF_PDF = re.compile(rb"/Type\s*/Page\b")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The report of both shipped studies, a comparison and a scorecard; and the first study's result."""
    folder, found = tmp_path_factory.mktemp("reports"), {run: Result.open(path) for run, path in shipped_runs().items()}
    several = {name: found[name] for name in ("demo", "demo-methods-faces")}
    made = {
        "faces": render_report({"demo": found["demo"]}),
        "comments": render_report({"demo-comments": found["demo-comments"]}),
        "both": render_report(several),
        "card": render_report(several, is_scorecard=True),
    }
    for name, text in made.items():
        (folder / f"{name}.html").write_text(text, "utf-8")
    return folder, found["demo"]


@pytest.fixture
def offline(browser, files):
    """``offline("faces", width=390)``: a page on a file, without a network; its messages and what it asked for."""
    contexts = []

    def make(name, *, width=1440, scheme="light", has_script=True):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True, java_script_enabled=has_script
        )
        contexts.append(context)
        visit = Visit(context.new_page(), "")
        visit.page.on("console", lambda message: visit.console.append(message.text))
        visit.page.on("pageerror", lambda error: visit.console.append(str(error)))
        visit.page.on("request", lambda request: visit.outside.append(request.url))
        visit.page.goto((files[0] / f"{name}.html").as_uri())
        return visit

    yield make
    for context in contexts:
        context.close()


def trigger_of(page):
    """The picture that lies over the examples."""
    return page.locator(".pictures >> visible=true").evaluate("e => getComputedStyle(e).getPropertyValue('--trigger')")


def asked_for(visit):
    return [url for url in visit.outside if not url.startswith(("file:", "data:"))]


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (1440, "dark"), (390, "dark")])
@pytest.mark.parametrize("name", ["faces", "comments", "both", "card"])
def test_report_opens_offline_without_sideways_scrolling_and_axe_finds_nothing(offline, name, width, scheme):
    visit = offline(name, width=width, scheme=scheme)
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
    assert visit.findings() == []
    assert visit.console == []
    assert asked_for(visit) == []


def test_slider_moves_the_point_the_figures_the_tables_and_the_examples(offline, files):
    visit, family = offline("faces"), families(files[1])[0]
    page, slider = visit.page, visit.page.get_by_role("slider")
    places = ".big .is", "#s5 table td >> nth=3", "#s2 .strip .value >> nth=0", "#s6 .verdict-box"
    ring = page.locator("#s3 svg.wide:visible .marker")
    at_first, where = [page.locator(f"{place} >> visible=true").first.inner_text() for place in places], []
    assert page.locator("#shown").inner_text() == f"λ = {family.first.chosen_lam:g}"
    where.append(ring.get_attribute("transform"))
    trigger = trigger_of(page)
    slider.focus()
    page.keyboard.press("Home")
    where.append(ring.get_attribute("transform"))
    now = [page.locator(f"{place} >> visible=true").first.inner_text() for place in places]
    assert now[0] == "23"
    assert all(before != after for before, after in zip(at_first, now))
    assert where[0] != where[1]
    assert slider.get_attribute("aria-valuetext").startswith("λ = 0")
    later = trigger_of(page)
    assert trigger.startswith("url(")
    assert trigger != later
    page.get_by_role("button", name="back").click()
    assert [page.locator(f"{place} >> visible=true").first.inner_text() for place in places] == at_first


def test_every_curve_can_be_chosen_and_the_slider_takes_its_lam(offline, files):
    visit = offline("faces")
    for index, family in enumerate(families(files[1])):
        visit.page.get_by_role("combobox").select_option(str(index))
        assert visit.page.locator("#shown").inner_text() == f"λ = {family.first.chosen_lam:g}"
        assert visit.page.locator("#lam").get_attribute("max") == str(len(family.lams) - 1)
        assert visit.page.locator(f'#s1 [data-view="{index}"]').is_visible()
    assert visit.console == []


def test_report_without_javascript_shows_the_chosen_lam(offline):
    page = offline("comments", has_script=False).page
    assert page.locator("#s1 .big >> visible=true").inner_text().split() == ["27", "→", "3"]
    assert not page.locator("#bar").is_visible()


@pytest.mark.parametrize(("name", "pages"), [("faces", range(5, 13)), ("comments", range(5, 13)), ("card", [1])])
def test_report_is_printed_on_few_pages(offline, name, pages):
    """A scorecard is one page of A4; nothing of a report is cut off, and controls of the screen are not printed."""
    page = offline(name, scheme="dark").page
    made = page.pdf(prefer_css_page_size=True)
    assert len(PAGE_OF_PDF.findall(made)) in pages
    page.emulate_media(media="print")
    assert not page.locator(".bar").first.is_visible() if name != "card" else True
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
