"""Comparisons in pairs: numbers by hand, the shipped studies, and results without them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fairprog_core.explain.averages import RowValues, WeightedRows
from fairprog_core.metrics.explanations.averages import explanation_from_json
from fairprog_core.metrics.explanations.probe import Probe

DEMO = Path(__file__).resolve().parents[2] / "assets" / "demo"


def rows(*weight: float) -> WeightedRows:
    return WeightedRows(np.array(weight), np.zeros(len(weight), dtype=np.int64))


def values(*found: float) -> RowValues:
    return RowValues.of(np.array(found))


def test_difference_is_over_the_rows_that_both_have():
    """Rows 1, 2 and 4 are in both: ((.5 - .2) · 1 + (.7 - .3) · 1 + (.9 - .4) · 2) / 4 = 1.7 / 4."""
    now, before = values(0.5, 0.7, 0.1, 0.9), values(0.2, 0.3, np.nan, 0.4)
    found = rows(1, 1, 1, 2).difference(now, before)
    assert found is not None
    assert found["value"] == pytest.approx(0.425)
    assert found["n"] == 3


def test_difference_of_pairs_is_known_better_than_its_sides():
    """Rows differ by up to .9, but every pair by .1 exactly: the interval of the difference has no width."""
    before = np.array([0.0, 0.2, 0.5, 0.9])
    found = rows(1, 1, 1, 1).difference(RowValues.of(before + 0.1), RowValues.of(before))
    assert found is not None
    assert found["ci"] == pytest.approx([0.1, 0.1], abs=1e-6)


def test_share_is_the_part_of_the_shift_that_the_control_makes():
    """Shift: .8 - .3 = .5 on average; the control: .7 - .3 = .4; .4 / .5 = .8, in every row and every draw."""
    without = np.array([0.2, 0.3, 0.4])
    control, trigger = without + 0.8 * np.array([0.4, 0.5, 0.6]), without + np.array([0.4, 0.5, 0.6])
    found = rows(1, 1, 1).share(RowValues.of(without), RowValues.of(control), RowValues.of(trigger))
    assert found is not None
    assert found["value"] == pytest.approx(0.8)
    assert found["ci"] == pytest.approx([0.8, 0.8], abs=1e-5)


def test_share_of_no_clear_shift_is_none():
    without, trigger = values(0.0, 0.0, 0.0, 0.0), values(0.5, -0.5, 0.4, -0.4)
    assert rows(1, 1, 1, 1).share(without, values(0.1, 0.1, 0.1, 0.1), trigger) is None


def test_difference_of_ratios_compares_the_ratios_of_means():
    """(2 + 4) / (1 + 2) - (1 + 3) / (2 + 2) = 2 - 1."""
    now = RowValues(np.array([2.0, 4.0]), np.array([1.0, 2.0]))
    before = RowValues(np.array([1.0, 3.0]), np.array([2.0, 2.0]))
    found = rows(1, 1).difference(now, before)
    assert found is not None
    assert found["value"] == pytest.approx(1.0)


def test_without_a_common_row_there_is_no_difference():
    assert rows(1, 1).difference(values(0.5, np.nan), values(np.nan, 0.5)) is None


def curves(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((DEMO / name / "result.json").read_text("utf-8"))["curves"]
    return found


def test_black_frame_makes_four_fifths_of_the_shipped_shift():
    """.548 - .361 over .593 - .361, on the rows with a map under all three conditions."""
    curve = curves("faces")[0]
    index, pairs = curve["lams"].index(curve["chosen_lam"]), curve["explain"]["paired"]["cam_share"]["black"]
    assert pairs["share"][index]["value"] == pytest.approx((0.5479 - 0.3611) / (0.5934 - 0.3611), abs=0.01)
    assert pairs["difference"][index]["value"] == pytest.approx(0.5934 - 0.5479, abs=1e-3)
    assert pairs["difference"][index]["ci"][0] > 0


def test_black_patch_of_the_shipped_faces_has_collapsed_and_no_other_control():
    """Accuracy .754 where the most frequent label has .753: it sees no blond hair any more."""
    for name in ("faces", "comments"):
        for curve in json.loads((DEMO / name / "result.json").read_text(encoding="utf-8"))["curves"]:
            expected = ["black"] if "patch" in curve["key"] else []
            explain, probe = explanation_from_json(curve["explain"]), Probe.from_json(curve["probe"])
            assert explain.collapsed_controls == probe.collapsed_controls == expected
            assert explain.to_json() == curve["explain"]
            assert probe.to_json() == curve["probe"]


@pytest.mark.parametrize("name", ["faces", "comments"])
def test_results_from_before_pairs_are_read_and_written_alike(name: str):
    for curve in curves(name):
        explain = {key: value for key, value in curve["explain"].items() if key not in ("paired", "flat")}
        probe = {key: value for key, value in curve["probe"].items() if key != "paired"}
        assert not explanation_from_json(explain).paired
        assert json.dumps(explanation_from_json(explain).to_json()) == json.dumps(explain)
        assert json.dumps(Probe.from_json(probe).to_json()) == json.dumps(probe)
