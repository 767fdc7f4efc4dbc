"""Triggers on bases that they were not learned on: the share of the gain that is kept."""

from typing import Any

import numpy as np
import pytest

from fairprog_core.classifiers import CLASSIFIERS
from fairprog_core.common.errors import ConfigError
from fairprog_core.common.home import Home
from fairprog_core.common.types import Groups, Predictions
from fairprog_core.metrics.comparison import Pair, share_kept
from fairprog_core.metrics.intervals import Estimate
from fairprog_core.metrics.report import report
from fairprog_core.pipeline.execute import Execution, execute
from fairprog_core.results.experiments import class_rows, transfer_rows, tuning_rows
from fairprog_core.results.result import Result
from fairprog_core.study import Study
from tests.conftest import TINY, Finished

TWO = Groups.exclusive("woman", "man")
GAP = "average_abs_odds_difference"


def said(*right: float) -> Predictions:
    """100 rows of each (z, y) cell, of which so many are answered right: z = 0 y = 0, z = 0 y = 1, z = 1 y = 0 …"""
    z, y = (codes.ravel() for codes in np.meshgrid([0, 1], [0, 1], indexing="ij"))
    y, z = np.repeat(y, 100), np.repeat(z, 100)
    is_right = np.concatenate([np.arange(100) < 100 * share for share in right])
    y_pred = np.where(is_right, y, 1 - y)
    return Predictions(None, y_pred, y, z, np.ones(400), np.arange(400), is_stratified=True)


def few(first: int, second: int, *, n: int = 60) -> Predictions:
    """n rows of each (z, y) cell; so many rows of label 1 are answered right in the groups, and all of label 0."""
    y, z = np.tile(np.repeat([0, 1], n), 2), np.repeat([0, 1], 2 * n)
    is_right = np.concatenate([np.arange(n) < right for right in (n, first, n, second)])
    return Predictions(None, np.where(is_right, y, 1 - y), y, z, np.ones(4 * n), np.arange(4 * n), is_stratified=True)


def change_of_gap(own: Pair) -> Estimate:
    """As a report says it of the trigger."""
    return report(own.trigger, base=own.base, groups=TWO, labels=("no", "yes"), method="reprogram").change(GAP)


def kept(own: Pair, other: Pair) -> Any:
    return share_kept(own, other, groups=TWO, n_classes=2, gap=GAP, draws=400)


def test_share_kept_equals_the_gains_by_hand():
    """Own: TPR .9 and .5 -> .7 and .6, the FPR stay: AAOD .2 -> .05. Other: .8 and .5, .2 -> .15: a third."""
    base = said(0.9, 0.9, 0.9, 0.5)
    found = kept(Pair(base, said(0.9, 0.7, 0.9, 0.6)), Pair(base, said(0.9, 0.8, 0.9, 0.5)))
    assert found.value == pytest.approx(1 / 3)
    assert found.ci is not None
    assert found.ci[0] < 1 / 3 < found.ci[1]


def test_share_kept_is_one_on_the_own_base_and_below_zero_where_the_gap_grows():
    base, better, worse = said(0.9, 0.9, 0.9, 0.5), said(0.9, 0.7, 0.9, 0.6), said(0.9, 0.9, 0.9, 0.4)
    own = Pair(base, better)
    assert kept(own, own) == (1.0, (1.0, 1.0))
    assert kept(own, Pair(base, worse)).value == pytest.approx(-0.05 / 0.15)


def test_share_kept_of_no_gain_is_not_estimable():
    base = said(0.9, 0.9, 0.9, 0.5)
    assert kept(Pair(base, base), Pair(base, said(0.9, 0.7, 0.9, 0.6))) == (None, None)


def test_share_kept_of_a_gain_whose_interval_ends_at_zero_is_not_estimable():
    """The AAOD falls from (49 − 32) / 60 / 2 to (50 − 39) / 60 / 2; the interval of the change ends at −5e-16."""
    own = Pair(few(49, 32), few(50, 39))
    assert change_of_gap(own).ci[1] == pytest.approx(0)
    assert share_kept(own, own, groups=TWO, n_classes=2, gap=GAP) == (None, None)


def test_share_kept_of_a_gain_on_too_few_rows_for_an_interval_is_not_estimable():
    """The AAOD falls from .2 to .05, on 59 rows per group and label: one less than an interval needs."""
    own = Pair(few(48, 24, n=59), few(42, 36, n=59))
    assert change_of_gap(own).ci is None
    assert share_kept(own, own, groups=TWO, n_classes=2, gap=GAP) == (None, None)


def test_share_kept_has_no_interval_where_too_many_draws_have_no_gain_to_keep():
    """The AAOD falls from 10 / 60 / 2 to 1 / 60 / 2, clearly; in one draw out of seven it does not fall."""
    own = Pair(few(40, 30), few(34, 33))
    assert change_of_gap(own).ci[1] < -0.01
    assert share_kept(own, own, groups=TWO, n_classes=2, gap=GAP) == (1.0, None)


def test_share_kept_leaves_out_draws_without_a_gain_to_keep():
    """The AAOD falls by 14 / 60 / 2 on the own base and by 7 / 60 / 2 on the other: a half. 7 draws have no gain."""
    base = few(54, 37)
    found = share_kept(Pair(base, few(40, 37)), Pair(base, few(47, 37)), groups=TWO, n_classes=2, gap=GAP)
    assert found.value == pytest.approx(0.5)
    assert found.ci is not None
    assert np.isfinite(found.ci).all()


def test_study_tries_its_triggers_on_other_bases_and_goes_on_where_it_stopped(home: Home) -> None:
    """Stopped after the first of two bases; the second time only the second is predicted."""
    study = Study.parse(
        {
            **TINY,
            "explain": {"gallery": 0, "rows": 0, "probe": False},
            "transfer": [{"base_seed": 1}, {"name": "longer", "classifier": {**TINY["classifier"], "epochs": 3}}],
        }
    )
    folder = home.run("a")
    records = execute(study, home=home, folder=folder)
    next(record for record in records if record.get("label", "").startswith("Training another base: longer"))
    records.close()
    (first,) = Result.open(folder).transfer
    assert (first.source, first.base) == ("residual net, seed 0", "residual net, seed 1")
    (curve,) = first.curves
    assert [(p.method, p.lam, p.base) for p in curve.points] == [
        ("reprogram", 0.0, first.base), ("reprogram", 1.0, first.base), ("reprogram", 4.0, first.base),
        ("random_trigger", None, first.base),
    ]  # fmt: skip
    files = {path: path.stat().st_mtime_ns for path in folder.rglob("transfer/**/*.parquet")}
    assert len(files) == 4

    list(execute(study, home=home, folder=folder))
    result = Result.open(folder)
    assert [target.base for target in result.transfer] == ["residual net, seed 1", "longer"]
    assert result.transfer[0] == first
    assert all(path.stat().st_mtime_ns == made for path, made in files.items())
    table = transfer_rows([result])
    assert [(row["source"], row["target"], row["seeds"]) for row in table] == [
        ("residual net, seed 0", "residual net, seed 1", [0]), ("residual net, seed 0", "longer", [0]),
    ]  # fmt: skip

    kept = [target.curves[0].kept["value"] for target in result.transfer]
    assert [row["kept"]["value"] for row in table] == kept
    assert table[0]["base_gap"] == result.transfer[0].point.metric(GAP).value
    (row,) = class_rows([result])
    assert (row["n_classes"], row["gap"]) == (2, result.chosen()[0].metric(GAP).value)

    file = min(folder.glob("transfer/*/*.json"))
    file.write_text(file.read_text()[:-100])
    list(execute(study, home=home, folder=folder))
    assert Result.open(folder).transfer == result.transfer
    assert file.with_name(f"{file.name}.damaged").exists()


def test_other_base_that_is_always_trained_is_trained_once_per_run(home: Home) -> None:
    """The second sitting, stopped after the training of the other base, finds it in the folder of the run."""
    study = Study.parse(
        {
            **TINY,
            "explain": {"gallery": 0, "rows": 0, "probe": False},
            "methods": [{"kind": "reprogram"}],
            "budget": {"steps": 2, "validate_every": 1},
            "transfer": [{"base_seed": 1}],
        }
    )
    assert study.classifier.source == "train"
    records = execute(study, home=home, folder=home.run("a"))
    next(record for record in records if record.get("label", "").startswith("On residual net, seed 1"))
    records.close()
    assert len(list(home.run("a").glob("transfer/*/classifier.safetensors"))) == 1
    labels = [record.get("label", "") for record in execute(study, home=home, folder=home.run("a"))]
    assert any(label.startswith("On residual net, seed 1") for label in labels)
    assert not any(label.startswith("Training another base") for label in labels)


def test_other_base_that_no_trigger_fits_is_refused_before_anything_is_learned(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = Study.parse({**TINY, "transfer": [{"classifier": {**TINY["classifier"], "epochs": 3}}]})
    with monkeypatch.context() as patch:
        kind = CLASSIFIERS["residual_net"].load()
        new = kind.new

        def larger(options: Any, **about: Any) -> Any:
            made = new(options, **about)
            made.image_size = 64 if options.epochs == 3 else made.image_size
            return made

        patch.setattr(kind, "new", larger)
        execution = Execution(study, home, home.run("a"))
        with pytest.raises(ConfigError, match="seed 0 takes image size 64, the base .* learned on image size 32; name"):
            list(execution.prepare())


def test_rows_of_tuning_data_name_what_is_kept_of_the_whole_gain(finished: Finished, home: Home) -> None:
    """A trigger learned on all rows keeps 1 of itself, or nothing can be said where it gained nothing."""
    study = {**finished.study.to_json(), "explain": {"gallery": 0, "rows": 0, "probe": False}}
    list(execute(Study.parse({**study, "tuning_ratio": [0.25, 1.0]}), home=home, folder=home.run("a")))
    result = Result.open(home.run("a"))
    rows = tuning_rows(result)
    assert [(row["tuning_ratio"], row["seeds"]) for row in rows] == [(0.25, [0]), (1.0, [0])]
    assert [row["gap"] for row in rows] == [point.metric(GAP).value for point in result.chosen()]
    assert rows[1]["kept"]["value"] in (None, 1.0)
    assert (rows[0]["kept"]["value"] is None) == (rows[1]["kept"]["value"] is None)


def test_other_base_is_named_once_and_suits_the_data():
    with pytest.raises(ConfigError, match="transfer names residual net, seed 1 twice"):
        Study.parse({"transfer": [{"base_seed": 1}, {"base_seed": 1}]})
    for same in ([{"name": "mine", "base_seed": 0}], [{"base_seed": 1}, {"name": "again", "base_seed": 1}]):
        with pytest.raises(ConfigError, match=f"{same[-1]['name']} is the study's own base, or one that is named"):
            Study.parse({"transfer": same})
    with pytest.raises(ConfigError, match="the study's own base"):
        Study.parse({"transfer": [{"name": "shipped", "classifier": {"kind": "residual_net", "source": "shipped"}}]})
    with pytest.raises(ConfigError, match="encoder is not for image data"):
        Study.parse({"transfer": [{"classifier": {"kind": "encoder"}}]})
