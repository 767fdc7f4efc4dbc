"""Pinned runs: kept in the home, first in the lists, beside a run on the same data on Compare."""

import json

import pytest

from app.state import artifacts, pins, run_store
from app.wording.shared import inside
from tests.app.test_tradeoff import copy_of


@pytest.fixture
def two(home, finished):
    """Two finished runs without a row in the table of runs."""
    for name in ("one", "two"):
        copy_of(finished, home, name, name)
    return home


def test_pin_is_kept_in_the_home_and_taken_away_again(two):
    assert pins.pinned() == []
    pins.change("one")
    pins.change("two")
    assert pins.pinned() == ["two", "one"]
    assert json.loads((two.path / "pins.json").read_text("utf-8")) == ["two", "one"]
    pins.change("two")
    assert pins.pinned() == ["one"]


def test_pin_of_a_run_that_is_gone_is_forgotten_and_a_damaged_file_counts_as_none(two):
    pins.change("gone")
    pins.change("one")
    assert pins.pinned() == ["one"]
    (two.path / "pins.json").write_text("{", "utf-8")
    assert pins.pinned() == []
    pins.change("two")
    assert pins.pinned() == ["two"]


def test_pinned_run_comes_first_after_what_is_shipped(two):
    own = [each.run for each in artifacts.choices() if not run_store.is_demo(each.run)]
    pins.change(own[-1])
    now = [each for each in artifacts.choices() if not run_store.is_demo(each.run)]
    assert now[0].run == own[-1]
    assert now[0].name == inside.PINNED.format(name=inside.run_name(own[-1], own[-1]))


def test_compare_shows_the_pinned_run_beside_the_one_that_is_opened(open_page, two):
    pins.change("two")
    page = open_page("compare", run="one")
    assert not page.exception
    assert page.multiselect(key="compare-runs").value[:1] == ["one"]
    assert "two" in page.multiselect(key="compare-runs").value
