"""What the studies of figures 4 to 6 found: rows with numbers by hand, their CSV, the command."""

import csv
import io
import json
from dataclasses import replace

import pytest

from fairprog_core.cli import main
from fairprog_core.metrics.intervals import Estimate
from fairprog_core.results.experiments import (
    class_rows,
    experiment_csv,
    experiment_json,
    transfer_rows,
    tuning_rows,
)
from fairprog_core.results.result import Result
from tests.core.known_experiments import SOURCE, TARGET, write_classes, write_shares, write_transfer
from tests.core.known_rates import BASE, GAP, write_duel


def test_rows_of_tuning_data_equal_the_gaps_by_hand(tmp_path):
    """Base: (.40 + .15) / 2 = .275; of 5 %: (.29 + .15) / 2 = .22; of all: (.18 + .15) / 2 = .165; .055 / .11 = ½."""
    part, whole = tuning_rows(Result.open(write_shares(tmp_path / "shares")))
    assert (part["base_gap"], part["gap"], whole["gap"]) == pytest.approx((0.275, 0.22, 0.165))
    assert part["base_gap_ci"][0] < 0.275 < part["base_gap_ci"][1]
    assert (part["kept"]["value"], whole["kept"]["value"]) == pytest.approx((0.5, 1.0))


def test_rows_of_other_bases_equal_the_gaps_by_hand(tmp_path):
    """Other base: (.40 + .15) / 2; trigger: (.29 + .15) / 2; control: (.38 + .15) / 2 = .265; .055 / .11 = ½."""
    (row,) = transfer_rows([Result.open(write_transfer(tmp_path / "moved"))])
    assert (row["source"], row["target"]) == (SOURCE, TARGET)
    control = row["controls"]["random_trigger"]["value"]
    assert (row["base_gap"], row["gap"], control) == pytest.approx((0.275, 0.22, 0.265))
    assert row["kept"]["value"] == pytest.approx(0.5)


def test_rows_of_classes_start_with_the_fewest_and_name_what_is_left_out(tmp_path):
    folders = write_classes(tmp_path / "b", 16, left_out=("wavy",)), write_classes(tmp_path / "a", 4)
    rows = class_rows(Result.open(folder) for folder in folders)
    assert [(row["n_classes"], row["left_out"]) for row in rows] == [(4, []), (16, ["wavy"])]


def test_rows_of_classes_are_of_all_tuning_data(tmp_path):
    result = Result.open(write_shares(tmp_path / "shares"))
    assert len(tuning_rows(result)) == 2
    (row,) = class_rows([result])
    assert row["tuning_ratio"] == 1


def test_one_seed_of_a_trigger_gives_no_verdict_and_two_do(tmp_path):
    """The gap falls from .275 to .165 or .1075; the last layer is solved exactly, so one seed is enough."""
    methods = {"reprogram-border": [BASE, (0.78, 0.60)], "last_layer": [BASE, (0.80, 0.63)]}
    found = {
        n: class_rows([Result.open(write_duel(tmp_path / str(n), methods=methods, seeds=range(n)))]) for n in (1, 2)
    }
    assert [row["verdict"] for row in found[1]] == ["one seed: cannot say", "better"]
    assert [row["verdict"] for row in found[2]] == ["better", "better"]
    (row,) = transfer_rows([Result.open(write_transfer(tmp_path / "moved"))])
    assert row["verdict"] == "one seed: cannot say"
    assert [row["is_one_seed"] for row in (*found[1], *found[2], row)] == [True, False, False, False, True]


def test_row_of_one_seed_is_known_where_the_rows_are_too_few_for_a_verdict(tmp_path):
    def without_interval(point):
        return replace(point, delta=point.delta | {GAP: Estimate(point.change(GAP).value, None)})

    result = Result.open(write_transfer(tmp_path / "moved"))
    (target,) = result.transfer
    (curve,) = target.curves
    few = replace(curve, points=[without_interval(point) for point in curve.points])
    (row,) = transfer_rows([replace(result, transfer=[replace(target, curves=[few])])])
    assert (row["verdict"], row["is_one_seed"]) == ("not estimable", True)


def test_rows_say_what_noise_alone_shows_of_the_base_and_the_controls(tmp_path):
    """Both are of the other base; the JSON has a key for every control."""
    result = Result.open(write_transfer(tmp_path / "moved"))
    (row,), (target,) = transfer_rows([result]), result.transfer
    (control,) = (point for point in target.curves[0].points if point.lam is None)
    assert row["base_noise_gap"] == target.point.noise_gap[GAP] > 0
    assert row["controls_noise"] == {"random_trigger": control.noise_gap[GAP]}
    flat = experiment_json(row)
    assert flat["random_trigger_noise_gap"] == control.noise_gap[GAP]
    assert not {"controls", "controls_noise"} & flat.keys()


def test_rows_as_csv_name_the_cell_of_too_few_rows():
    rows = [{"few_rows": {"n": 23, "group": "male", "label": "blond"}}, {"few_rows": None}]
    first, second = csv.DictReader(io.StringIO(experiment_csv(rows)))
    assert first == {"few_rows": "23", "few_rows_group": "male", "few_rows_label": "blond"}
    assert second == dict.fromkeys(first, "")


def test_rows_as_csv_have_their_intervals_in_columns():
    row = {"seeds": [0, 1], "gap": 0.2, "gap_ci": [0.1, 0.3], "kept": {"value": 0.5, "ci": [0.4, 0.6]}}
    unknown = row | {"gap": None, "gap_ci": None, "kept": {"value": None, "ci": None}}
    first, second = csv.DictReader(io.StringIO(experiment_csv([row, unknown])))
    assert first == {
        "seeds": "0; 1", "gap": "0.2", "gap_low": "0.1", "gap_high": "0.3", "kept": "0.5", "kept_low": "0.4",
        "kept_high": "0.6",
    }  # fmt: skip
    assert {second[name] for name in first if name != "seeds"} == {""}


def test_command_shows_what_the_runs_hold_and_prints_it_as_json(tmp_path, capsys):
    folders = [str(write_shares(tmp_path / "shares")), str(write_transfer(tmp_path / "moved"))]
    with pytest.raises(SystemExit) as ended:
        main(["runs", "experiments", *folders])
    shown = capsys.readouterr().out
    assert ended.value.code == 0
    assert "Less tuning data" in shown
    assert f"{SOURCE} → {TARGET}" in shown
    assert shown.count("one seed: cannot say") == 3
    assert "Several classes" not in shown
    with pytest.raises(SystemExit):
        main(["runs", "experiments", *folders, "--json"])
    found = json.loads(capsys.readouterr().out)
    assert [len(found[name]) for name in ("tuning_data", "transfer", "classes")] == [2, 1, 0]


def test_command_has_the_noise_beside_the_gap_of_the_base(tmp_path, capsys):
    folder = write_transfer(tmp_path / "moved")
    result = Result.open(folder)
    (target,) = result.transfer
    point = replace(target.point, noise_gap={GAP: 0.9})
    replace(result, transfer=[replace(target, point=point)]).save()
    with pytest.raises(SystemExit):
        main(["runs", "experiments", str(folder)])
    assert "0.275 (noise alone: 0.900) → 0.220" in " ".join(capsys.readouterr().out.split())


def test_command_refuses_runs_without_an_experiment(finished, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["runs", "experiments", str(finished.folder)])
    assert ended.value.code == 2
    assert "None of these runs has several shares" in capsys.readouterr().err
