"""Trade-off in a real browser: the slider, a click on a point, downloads, the link."""

import json
import statistics
from pathlib import Path

import pytest

from app.wording import tradeoff as words
from app.wording.shared import inside
from fairprog_core.common.home import Home
from fairprog_core.results.trained import make_passport
from tests.browser.conftest import running_server

PLANE = "plane-average_abs_odds_difference"
MARKER = """key => {
  const trace = document.querySelector(`.st-key-${key} .js-plotly-plot`).data.find(each => each.meta === 'marker');
  return [trace.x[0], trace.y[0]];
}"""
REDRAW = """([key, stop]) => new Promise(done => {
  const plot = document.querySelector(`.st-key-${key} .js-plotly-plot`);
  const range = document.querySelector('.fp-lam input');
  const began = performance.now();
  const frames = () => requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - began)));
  plot.once('plotly_afterplot', frames);
  range.value = stop;
  range.dispatchEvent(new Event('input'));
})"""
CLICK = """([key, lam]) => {
  const plot = document.querySelector(`.st-key-${key} .js-plotly-plot`);
  const points = plot.data.flatMap(trace => (trace.customdata ?? []).map(customdata => ({ customdata })));
  plot.emit('plotly_click', { points: points.filter(({ customdata }) => customdata[2] === lam).slice(0, 1) });
}"""


MANY = """key => {
  const plot = document.querySelector(`.st-key-${key} .js-plotly-plot`);
  const name = i => `another method whose name is long, number ${i}`;
  const one = i => ({ x: [null], y: [null], mode: 'lines', name: name(i), showlegend: true });
  return Plotly.addTraces(plot, [...Array(12).keys()].map(one)).then(() => plot.offsetHeight);
}"""
GROWN = """([key, before]) => document.querySelector(`.st-key-${key} .js-plotly-plot`).offsetHeight > before + 100"""
PLANE_HEIGHT = """key => document.querySelector(`.st-key-${key} .nsewdrag`).getBoundingClientRect().height"""


@pytest.fixture(scope="module")
def results(finished, tmp_path_factory):
    """A dashboard whose demo is the tiny study; do not change its home."""
    folder = tmp_path_factory.mktemp("results")
    demo = folder / "assets" / "demo" / "faces"
    demo.parent.mkdir(parents=True)
    demo.symlink_to(finished.folder, target_is_directory=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FAIRPROG_ASSETS", str(folder / "assets"))
        with running_server(Home(folder / "home")) as server:
            yield server


def drawn(visit, path, key):
    """Open a page and wait for its chart."""
    visit.open(path)
    visit.page.locator(f".st-key-{key} .js-plotly-plot .scatterlayer").wait_for()
    return visit.page


def place(finished, lam):
    point = finished.result.select(method="reprogram", lam=lam)[0]
    return pytest.approx([point.metric("average_abs_odds_difference").value, point.metric("accuracy").value])


def test_slider_moves_the_marker_by_keyboard_and_the_tables_follow(results, visitor, finished):
    visit = visitor(results)
    page = drawn(visit, "/tradeoff?lam=0", PLANE)
    slider = page.get_by_role("slider", name=inside.SLIDER)
    assert page.evaluate(MARKER, PLANE) == place(finished, 0.0)
    slider.focus()
    page.keyboard.press("End")
    assert slider.get_attribute("aria-valuetext") == "4"
    assert page.evaluate(MARKER, PLANE) == place(finished, 4.0)
    page.locator(".st-key-groups caption", has_text="λ = 4").wait_for()
    visit.settle()
    assert "lam=4" in page.url
    assert page.evaluate(MARKER, PLANE) == place(finished, 4.0)
    assert visit.console == []
    assert visit.outside == []


def test_long_legend_makes_the_chart_taller_and_leaves_the_plane_its_room(results, visitor):
    visit = visitor(results)
    page = drawn(visit, "/tradeoff?lam=0", PLANE)
    visit.settle()  # a later drawing would take the traces away again
    before = page.evaluate(MANY, PLANE)
    page.set_viewport_size({"width": 390, "height": 900})
    page.wait_for_function(GROWN, arg=[PLANE, before])
    assert page.evaluate(PLANE_HEIGHT, PLANE) > before / 2


def test_slider_redraws_the_chart_within_300_ms(results, visitor):
    visit = visitor(results)
    page = drawn(visit, "/tradeoff?lam=0", PLANE)
    times = []
    for stop in (1, 2, 0, 1, 2, 0, 1, 2, 0, 1):
        times.append(page.evaluate(REDRAW, [PLANE, stop]))
        page.wait_for_timeout(400)
        visit.settle()
    assert statistics.median(times) <= 300, times


def test_click_on_a_point_selects_it(results, visitor, finished):
    visit = visitor(results)
    page = drawn(visit, "/tradeoff?lam=4", PLANE)
    page.wait_for_timeout(500)  # the chart's listener is attached
    page.evaluate(CLICK, [PLANE, 1])
    page.locator(".st-key-groups caption", has_text="λ = 1,").wait_for()
    visit.settle()
    assert page.get_by_role("slider", name=inside.SLIDER).get_attribute("aria-valuetext") == "1"
    assert page.evaluate(MARKER, PLANE) == place(finished, 1.0)
    assert "lam=1" in page.url


def test_downloads_are_real_files(results, visitor, finished):
    page = drawn(visitor(results), "/tradeoff?lam=4", PLANE)
    found = {}
    for label in (
        inside.DOWNLOAD_CHART,
        words.DOWNLOAD_RESULT,
        words.DOWNLOAD_TRIGGER,
        words.DOWNLOAD_PICTURE.format(lam="4"),
    ):
        with page.expect_download() as waiting:
            page.get_by_role("button", name=label).click()
        found[label] = Path(waiting.value.path()).read_bytes()
    curve = finished.result.curves[0]
    assert found[inside.DOWNLOAD_CHART].startswith(b"\x89PNG")
    assert found[words.DOWNLOAD_PICTURE.format(lam="4")].startswith(b"\x89PNG")
    assert json.loads(found[words.DOWNLOAD_RESULT]) == finished.result.to_json()
    assert found[words.DOWNLOAD_TRIGGER] == make_passport(finished.result, curve).to_bytes()


def test_change_of_page_keeps_curve_and_lambda(results, visitor):
    visit = visitor(results)
    page = drawn(visit, "/tradeoff?lam=0", PLANE)
    page.get_by_role("link", name="Probe").click()
    slider = page.get_by_role("slider", name=inside.SLIDER)
    page.locator(".st-key-probability .js-plotly-plot").wait_for()
    visit.settle()
    assert slider.get_attribute("aria-valuetext") == "0"
    assert "run=demo" in page.url
