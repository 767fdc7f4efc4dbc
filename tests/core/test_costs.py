"""What a study is expected to take: by hand where one can count, else what must hold."""

import math
from typing import Any

import pytest

from fairprog_core.common.files.speed import Speed, read_speed, write_speed
from fairprog_core.study import Study
from fairprog_core.study.cost import expected_seconds, is_explained, speed_part
from fairprog_core.study.load import load_studies, presets, series


def study(**changes: Any) -> Study:
    return Study.parse(
        {
            "dataset": {"kind": "faces", "n_train": 3000, "n_test": 2000},
            "classifier": {"kind": "residual_net", "epochs": 2, "batch_size": 100},
            "lam": {"low": 0.3, "high": 8.0, "grid": [0.0, 1.0, 4.0]},
            "budget": {"steps": 100},
        }
        | changes
    )


def test_rows_and_steps_counted_by_hand() -> None:
    """A border: 4 λ × 4 cells × 4 rows × 100 steps, twice for validation; a base: 2 epochs of 3,000 rows."""
    found = expected_seconds(study(), trains_base=True)
    assert found["triggers"] == pytest.approx(1 + 2 * 100 * 64 * 0.0005)
    n_val, n_tune = 4000, 4000
    assert found["base"] == pytest.approx(0.3 + (6000 + 0.3 * (n_val + 2000)) * 0.0005)
    assert found["data"] == pytest.approx(0.3 + (3000 + n_tune + n_val + 2000) * 0.001)
    points = (3 + 1) * (2 * 0.25 + 0.3 * 2000 * 0.0005)  # three λ and a control
    assert found["evaluation"] == pytest.approx(points + 3 * 0.3 * n_val * 0.0005)
    assert found["transfer"] == 0


def test_base_that_is_found_costs_next_to_nothing() -> None:
    found, trained = (expected_seconds(study(), trains_base=way) for way in (False, True))
    assert found["base"] == pytest.approx(0.3 + 0.3 * 6000 * 0.0005)  # validation and test rows are predicted
    assert {name for name in found if found[name] != trained[name]} == {"data", "base"}


def test_separate_trainings_cost_one_each() -> None:
    one, each = (
        expected_seconds(study(mode=mode), trains_base=False)["triggers"] - 1 for mode in ("amortised", "separate")
    )
    assert each == pytest.approx(3 * one)


def test_larger_pictures_cost_more() -> None:
    data = {"kind": "faces", "n_train": 3000, "n_test": 2000, "image_size": 128}
    small, large = expected_seconds(study(), trains_base=True), expected_seconds(study(dataset=data), trains_base=True)
    assert large["base"] - 0.3 == pytest.approx(4 * (small["base"] - 0.3))


def test_only_what_is_looked_into_is_charged_for() -> None:
    off = study(seeds=[0, 1], explain={"gallery": 0, "rows": 0, "probe": False})
    assert expected_seconds(off, trains_base=False)["explain"] == 0
    first, second = study(seeds=[0, 1]).plan()
    assert is_explained(study(seeds=[0, 1]), first)
    assert not is_explained(study(seeds=[0, 1]), second)
    assert is_explained(study(seeds=[0, 1], explain={"every_seed": True}), second)


@pytest.mark.parametrize("name", [*presets(), *series()])
def test_every_preset_has_finite_costs(name: str) -> None:
    for each in load_studies(name):
        seconds = expected_seconds(each, trains_base=True)
        assert all(math.isfinite(value) and value >= 0 for value in seconds.values())
        assert seconds["triggers"] > 0


def test_speed_of_this_machine_scales_the_costs_and_a_run_corrects_it(home) -> None:
    """Learning took three times as long as on the reference, the calibration said twice: half of each counts."""
    speed = Speed(machine=2.0)
    expected = expected_seconds(study(), trains_base=False)
    assert expected_seconds(study(), trains_base=False, speed=speed)["triggers"] == pytest.approx(
        2 * expected["triggers"]
    )
    part = speed_part(study(), "triggers")
    write_speed(home, speed.after({part: expected["triggers"]}, {part: 3 * expected["triggers"]}))
    found = read_speed(home)
    assert (found.machine, found.of(part)) == (2.0, pytest.approx(2.5))
    assert found.after({part: 1.0}, {part: 1.0}).of(part) == pytest.approx(1.75)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"machine": "fast"}', '{"machine": 1e9}'])
def test_damaged_speed_is_that_of_the_reference(home, text) -> None:
    home.cache.mkdir(parents=True, exist_ok=True)
    (home.cache / "speed.json").write_text(text)
    assert read_speed(home) == Speed()
