"""From the form to a finished curve in a real browser, with a real worker; and cancelling on the way."""

import re

from playwright.sync_api import Page, expect

from app.wording import train as words
from app.wording.shared import common, inside
from fairprog_core.runs import Store, launcher
from fairprog_core.study import Study

MINUTES = 60_000 * 4  # the worker imports torch and shares two cores with everything else
SMALL = {
    "Training rows": 256, "Tuning rows": 256, "Validation rows": 64, "Test rows": 96, "Image size": 32,
}  # fmt: skip
NODES = """() => {
  window.nodes = new Set();
  const note = () => {
    const charts = document.querySelectorAll('.st-key-watch-charts-validation .js-plotly-plot');
    charts.forEach(node => node.closest('[data-testid="stExpander"]') || window.nodes.add(node));  // where it ends
    requestAnimationFrame(note);
  };
  note();
}"""


def fill(page: Page, label: str, value: object) -> None:
    field = page.get_by_label(label, exact=True)
    field.fill(str(value))
    field.press("Enter")


def run_of(page: Page) -> str:
    page.wait_for_url(re.compile(r"[?&]run=[0-9a-f]+"))
    return page.url.partition("run=")[2]


def chart(page: Page):
    return page.locator(".st-key-watch-charts-validation .js-plotly-plot .point").first


def test_form_to_finished_curve(own_server, visitor, home):
    visit = visitor(own_server)
    page = visit.open("/train")
    page.get_by_text(words.EXPERT).click()
    visit.settle()
    page.get_by_text(words.options_of("faces")).click()
    for label, value in SMALL.items():
        fill(page, label, value)
        visit.settle()
    page.get_by_text(words.options_of("residual_net")).click()
    fill(page, "Epochs", 2)
    fill(page, "Steps", 60)
    visit.settle()
    page.get_by_role("button", name=words.TRAIN, exact=True).click()
    run_id = run_of(page)
    study = Study.parse(Store(home).get(run_id).study)
    assert (study.dataset.n_train, study.classifier.epochs, study.budget.steps) == (256, 2, 60)

    chart(page).wait_for(timeout=MINUTES)
    page.evaluate(NODES)
    expect(page.get_by_role("button", name=inside.REPORT)).to_be_visible(timeout=MINUTES)
    assert page.evaluate("window.nodes.size") == 1, "the live chart was built anew"
    assert Store(home).get(run_id).state == "done"

    page.reload()
    visit.settle()
    page.locator(".st-key-watch-end-plane .js-plotly-plot .point").first.wait_for()
    page.get_by_text(words.HOW).click()
    chart(page).wait_for()
    assert run_of(page) == run_id
    rows = page.locator(".st-key-watch-charts-validation table tbody tr")
    assert rows.count() == len(study.plan()[0].lam.grid)
    page.get_by_role("button", name=words.OPEN).click()
    page.wait_for_url(re.compile(rf"/tradeoff\?.*run={run_id}"))
    assert visit.outside == []


def test_cancel_is_told_soon_and_survives_another_page(own_server, visitor, home, tiny_study):
    store = Store(home)
    long = tiny_study.model_copy(update={"budget": tiny_study.budget.model_copy(update={"steps": 50_000})})
    run_id = store.submit(long)
    launcher.ensure_workers(home)
    visit = visitor(own_server)
    page = visit.open(f"/train?run={run_id}")
    chart(page).wait_for(timeout=MINUTES)

    page.get_by_role("link", name=common.PAGES["runs"]).click()
    page.get_by_text("Everything that was trained").wait_for()
    page.get_by_role("link", name=common.PAGES["train"]).click()  # the navigation drops the query string
    assert run_of(page) == run_id
    chart(page).wait_for()

    page.get_by_role("button", name=words.CANCEL, exact=True).click()
    page.get_by_text(words.CANCELLED).wait_for(timeout=10_000)  # two seconds on a quiet machine
    assert store.get(run_id).state == "cancelled"
