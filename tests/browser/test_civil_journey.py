"""Civil Comments through the whole lab: the file's folder typed into the form, trained, looked at from every side."""

import re

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import expect

from app.wording import train as words
from app.wording.shared import common, inside
from fairprog_core.data import IDENTITY_WORDS
from fairprog_core.runs import Store
from tests.browser.test_train_journey import MINUTES, fill, run_of
from tests.core.test_civil_comments import FILE, ODD, table, write

SMALL = {
    "Identities": "all", "Training rows at most": 200, "Tuning rows at most": 200, "Validation rows at most": 80,
    "Test rows at most": 160,
}  # fmt: skip
SIZES = ((1440, 900), (390, 844))
N = 640


def comments() -> pd.DataFrame:
    """Comments in the columns of WILDS: identities that overlap, rows without any, and odd texts."""
    rng, frame = np.random.default_rng(0), pd.concat([table()] * (N // 32), ignore_index=True)
    names = list(IDENTITY_WORDS)
    has = rng.random((N, len(names))) < 0.25  # a tenth of the rows has none, most of the others have two
    toxic = rng.random(N) < np.where(has[:, names.index("muslim")], 0.7, 0.3)
    frame["id"] = np.arange(N)
    frame["split"] = np.repeat(["train", "val", "test"], [N // 2, N // 8, N - N // 2 - N // 8])
    frame["toxicity"] = toxic.astype(float)
    frame[names] = has.astype(float)
    frame["comment_text"] = [
        f"The {' and the '.join(np.array(names)[row]) or 'people'} next door are {'fools' if bad else 'kind'}, no. {i}."
        for i, (row, bad) in enumerate(zip(has, toxic))
    ]
    frame.loc[frame.index[-len(ODD) :], "comment_text"] = ODD
    return frame


@pytest.fixture
def trained(own_server, visitor, home, tmp_path):
    """A visit to the finished run: few rows and steps, with the probe."""
    write(comments(), tmp_path / "civil" / FILE)
    visit = visitor(own_server)
    page = visit.open("/train")

    def press(text: str) -> None:
        page.get_by_text(text, exact=True).first.click()
        visit.settle()

    press(words.EXPERT)
    for label, kind in ((words.PRESET, "comments-quick"), ("Data", "civil_comments")):
        visit.choose(label, common.kind(kind))
        visit.settle()
    press(words.options_of("civil_comments"))
    press(words.options_of("encoder"))
    for label, value in {"Folder or file": tmp_path / "civil", **SMALL}.items():
        fill(page, label, value)
        visit.settle()
    for field in page.get_by_label("Steps", exact=True).all():  # of the classifier and of the trigger
        field.fill("6")
        field.press("Enter")
        visit.settle()
    press(words.REST)
    for label, value in {"Gallery": 6, "Rows for averages": 12}.items():
        fill(page, label, value)
        visit.settle()
    press("Demographic probe")
    page.get_by_role("button", name=words.TRAIN, exact=True).click()
    run_id = run_of(page)
    study = Store(home).get(run_id).study
    assert study["dataset"]["identities"] == list(IDENTITY_WORDS)
    assert (study["classifier"]["steps"], study["budget"]["steps"]) == (6, 6)
    assert study["explain"] | {"gallery": 6, "rows": 12, "probe": True} == study["explain"]
    expect(page.get_by_role("button", name=inside.REPORT)).to_be_visible(timeout=2 * MINUTES)
    assert Store(home).get(run_id).state == "done"
    return visit, run_id


@pytest.mark.timeout(900)
def test_file_to_probe(trained):
    """Every page about the run keeps to the screen; the groups overlap, are many, and some rows are in none."""
    visit, run_id = trained
    page = visit.page
    page.get_by_role("button", name=words.OPEN).click()
    page.wait_for_url(re.compile(rf"/tradeoff\?.*run={run_id}"))
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        for name in ("tradeoff", "saliency", "probe", "runs"):
            visit.open(f"/{name}?run={run_id}")
            assert page.locator('[data-testid="stException"]').all_inner_texts() == [], (width, name)
            assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0, (width, name)
            if width == SIZES[-1][0]:
                assert visit.findings() == [], name
    assert visit.console == []
    assert visit.outside == []
