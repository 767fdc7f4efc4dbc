"""A whole tiny study on drawn faces: what is written, and what an interruption costs (nothing)."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from threadpoolctl import threadpool_info, threadpool_limits

from fairprog_core.classifiers import CLASSIFIERS
from fairprog_core.classifiers.base import read_classifier
from fairprog_core.classifiers.predict import predict
from fairprog_core.common.errors import ArtifactError, DataError, ModelError
from fairprog_core.common.home import Home
from fairprog_core.common.registry import build
from fairprog_core.data import DATASETS
from fairprog_core.data.base import Split
from fairprog_core.pipeline.execute import Execution, execute
from fairprog_core.pipeline.jobs.context import StudyContext
from fairprog_core.pipeline.jobs.curve import CurveJob
from fairprog_core.pipeline.jobs.frozen_base import base_key, keep_base, train_base
from fairprog_core.results.result import Result
from fairprog_core.study import Study
from fairprog_core.study.plan import CurvePlan
from fairprog_core.triggers.base import load_trigger
from tests.conftest import TINY, Finished
from tests.core.run_help import numbers

UNEXPLAINED = {"explain": {"gallery": 0, "rows": 0, "probe": False}}


def run(study: Study, home: Home, name: str, *, until: tuple[str, int] | None = None) -> list[dict[str, Any]]:
    """Execute; or only until the n-th record of a kind."""
    records = execute(study, home=home, folder=home.run(name))
    seen: list[dict[str, Any]] = []
    for record in records:
        seen.append(record)
        if until and [each["kind"] for each in seen].count(until[0]) == until[1]:
            break
    records.close()
    return seen


@pytest.mark.parametrize("threads", [None, 2])
def test_study_computes_with_its_threads_alone(tiny_study: Study, home: Home, threads: int | None) -> None:
    """Torch and BLAS; they would take all cores for tables this small, and say other last digits on other machines."""
    study = tiny_study.model_copy(update={"threads": threads})

    def blas() -> set[int]:
        return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}

    with threadpool_limits(4, user_api="blas"):
        before = blas()
        records = execute(study, home=home, folder=home.run("threads"))
        next(records)
        assert blas() == {threads or 1}
        assert torch.get_num_threads() == (threads or 1)
        records.close()
        assert blas() == before != {threads or 1}
    torch.set_num_threads(1)


def test_finished_study_has_every_point_and_file(finished: Finished) -> None:
    result = Result.open(finished.folder)
    assert result.is_complete
    assert [(p.method, p.lam) for p in result.points] == [
        ("reprogram", 0.0), ("reprogram", 1.0), ("reprogram", 4.0), ("random_trigger", None),
    ]  # fmt: skip
    for point in [result.base, *result.points]:
        assert len(result.predictions(point).y) == 96
        assert np.sum(point.counts) == 96
    (curve,) = result.curves
    assert curve.chosen_lam in curve.lams
    assert curve.explain
    assert curve.probe
    assert result.gallery(curve) is not None
    assert set(result.seconds) == {"data", "base", "triggers", "evaluation", "explain", "total"}


def test_reported_numbers_come_from_the_saved_trigger_and_base(finished: Finished) -> None:
    """Load both files, predict the test split anew: the same counts as in the result."""
    from fairprog_core.classifiers.base import freeze
    from fairprog_core.classifiers.predict import predict

    result = Result.open(finished.folder)
    dataset = build(DATASETS, finished.study.dataset, finished.home)
    base = freeze(read_classifier(finished.folder / "base" / "classifier.safetensors", CLASSIFIERS)[0])
    trigger = load_trigger(result.curves[0].artifact)
    point = result.select(method="reprogram", lam=4.0)[0]
    found = predict(trigger.wrap(base, lam=4.0), dataset.split("test"))
    assert np.array_equal(found.y_pred, result.predictions(point).y_pred)
    assert result.predictions(result.base).y_pred.tolist() == predict(base, dataset.split("test")).y_pred.tolist()


def test_study_of_four_classes_is_measured_and_looked_into_like_one_of_two(finished: Finished, home: Home) -> None:
    """Metrics are means of one-vs-rest, a map is kept for each class, and the demographic classifiers still read Z."""
    values = finished.study.to_json()
    values["dataset"] |= {"target": "blond, smiling"}
    values["triggers"] = [{"kind": "frame"}]
    run(Study.parse(values), home, "four")
    result = Result.open(home.run("four"))
    assert result.is_complete
    point = result.select(method="reprogram", lam=1.0)[0]
    assert np.shape(point.counts) == (2, 4, 4)
    assert len(point.group_rates) == len(point.changes) == 8
    assert point.metric("auc").value is not None
    assert point.left_out == []
    (curve,) = result.curves
    gallery = result.gallery(curve)
    assert gallery is not None
    assert gallery.arrays["logits"].shape[-1] == gallery.arrays["cam_class"].shape[-3] == 4
    assert curve.explain["twins"]["flip_share"]
    assert curve.probe["groups"] == ["female", "male"]


def test_curves_on_less_tuning_data_learn_from_rows_of_the_larger_ones(finished: Finished, home: Home) -> None:
    """Two shares of 256 rows: 13 and 64, evenly over the four cells, the same rows first."""
    study = Study.parse({**finished.study.to_json(), **UNEXPLAINED, "tuning_ratio": [0.05, 0.25]})
    splits: list[Any] = []
    learned_from = StudyContext.learned_from

    def kept(self: StudyContext, plan: CurvePlan) -> Split:
        splits.append(learned_from(self, plan))
        return splits[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StudyContext, "learned_from", kept)
        run(study, home, "shares")
    few, more = ([row.tobytes() for row in split.x] for split in splits)
    assert (len(few), len(more)) == (13, 64)
    assert set(few) < set(more)
    assert sorted(np.bincount(2 * splits[0].z + splits[0].y)) == [3, 3, 3, 4]
    result = Result.open(home.run("shares"))
    assert [curve.tuning_ratio for curve in result.curves] == [0.05, 0.25]
    for curve in result.curves:
        assert [point.tuning_ratio for point in result.points_of(curve)] == [curve.tuning_ratio] * 3
    assert [mean.tuning_ratio for mean in result.chosen_means()] == [0.05, 0.25]


def test_study_that_reuses_learns_a_curve_once_and_gives_the_same_numbers(finished: Finished, home: Home) -> None:
    study = Study.parse({**finished.study.to_json(), **UNEXPLAINED, "reuse": True})
    first, second = (run(study, home, name) for name in ("first", "second"))
    assert sum(record["kind"] == "train" for record in first) == study.budget.steps
    assert not any(record["kind"] == "train" for record in second)
    assert numbers(home.run("second")) == numbers(home.run("first"))
    other = Study.parse({**study.to_json(), "seeds": [1]})
    assert any(record["kind"] == "train" for record in run(other, home, "other"))


def test_steps_that_a_method_never_takes_do_not_keep_it_from_reusing(finished: Finished, home: Home) -> None:
    """AdvPost takes four steps and looks once, at its end, whether the budget allows 12 or 20; LEACE takes none."""
    methods = [{"kind": "adv_post", "steps": 4}, {"kind": "leace"}]
    study = {**finished.study.to_json(), **UNEXPLAINED, "reuse": True, "methods": methods}
    longer = study | {"budget": {"steps": 20, "validate_every": 10}}
    run(Study.parse(study), home, "first")
    second = run(Study.parse(longer), home, "second")
    assert not any(record["kind"] in ("train", "validation") for record in second)
    first = Result.open(home.run("first"))
    assert [each.hypervolume for each in Result.open(home.run("second")).curves] == [
        each.hypervolume for each in first.curves
    ]
    often = study | {"budget": {"steps": 20, "validate_every": 2}}
    assert any(record["kind"] == "train" for record in run(Study.parse(often), home, "often"))


def test_what_says_the_same_is_audited_once(finished: Finished, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """LEACE has no seed, and always naming the most frequent label has neither that nor a criterion of its own."""
    asked = []
    monkeypatch.setattr(
        "fairprog_core.pipeline.jobs.context.measure_leakage", lambda said, *_, **more: asked.append((said, more))
    )
    methods = [{"kind": "leace"}, {"kind": "majority"}]
    criteria = [{"kind": kind} for kind in ("equalized_odds", "demographic_parity")]
    changes = {"methods": methods, "criteria": criteria, "seeds": [0, 1]}
    run(Study.parse({**finished.study.to_json(), **UNEXPLAINED, **changes}), home, "audited")
    for given_label in (True, False):
        said = [each.y_pred.tobytes() for each, more in asked if more["given_label"] == given_label]
        assert 2 <= len(said) <= 3  # the base, the majority, and LEACE where its chosen λ is above 0


def test_what_another_release_learned_is_not_taken_over(finished: Finished, monkeypatch: pytest.MonkeyPatch) -> None:
    """LEACE is solved by a package of its own, whose release counts beside that of torch."""
    study = Study.parse({**finished.study.to_json(), **UNEXPLAINED, "methods": [{"kind": "leace"}]})
    execution = Execution(study, finished.home, finished.folder)
    list(execution.prepare())
    (work,) = execution.jobs
    places = [work.cache.path]
    for package in ("torch", "concept-erasure", "fairlearn"):
        with monkeypatch.context() as patch:
            patch.setattr(
                "fairprog_core.pipeline.jobs.environment.version",
                lambda name, new=package: "99.1" if name == new else "1.0",
            )
            places.append(work.cache.path)
    assert len(set(places)) == 4


def test_curve_is_not_taken_over_by_a_base_with_other_options(finished: Finished, home: Home) -> None:
    """A base that is not trained here has the same weights whatever the options say, and a rival learns by them."""
    study = Study.parse({**finished.study.to_json(), **UNEXPLAINED})
    execution = Execution(study, finished.home, finished.folder)
    list(execution.prepare())
    (work,) = execution.jobs
    others = [study.classifier.model_copy(update=change) for change in ({"learning_rate": 0.1}, {"source": "train"})]
    first, second = (
        CurveJob(replace(work.context, study=study.model_copy(update={"classifier": other})), work.plan)
        for other in others
    )
    assert first.cache.path != work.cache.path
    assert second.cache.path == work.cache.path


def test_base_that_another_process_made_meanwhile_is_not_trained_again(finished: Finished) -> None:
    study = Study.parse(finished.study.to_json())
    study = study.model_copy(update={"classifier": study.classifier.model_copy(update={"source": "auto"})})
    data = build(DATASETS, study.dataset, finished.home)
    assert not list(train_base(study, data, finished.home, device=torch.device("cpu")))


def test_study_that_reuses_goes_on_with_a_rival_that_was_interrupted(finished: Finished, home: Home) -> None:
    """AdvPost leaves a folder that grows λ by λ: half of it is not taken for the whole, here or in another study."""
    rival = {"kind": "adv_post", "steps": 4}
    study = Study.parse({**finished.study.to_json(), **UNEXPLAINED, "reuse": True, "methods": [rival]})
    run(study, home, "first", until=("train", 6))
    assert not list((home.cache / "learned").glob("*"))
    run(study, home, "first")
    second = run(study, home, "second")
    assert not any(record["kind"] == "train" for record in second)
    assert numbers(home.run("second")) == numbers(home.run("first"))


def test_same_study_gives_the_same_numbers(finished: Finished, home: Home) -> None:
    run(finished.study, home, "again")
    assert numbers(home.run("again")) == numbers(finished.folder)


@pytest.mark.parametrize(
    "until", [("stage", 2), ("base", 1), ("train", 4), ("train", 6), ("validation", 1), ("train", 9), ("curve", 1)]
)
def test_interrupted_study_gives_the_numbers_of_an_uninterrupted_one(
    until: tuple[str, int], finished: Finished, home: Home
) -> None:
    """Stopped in data, base, training, evaluation: the second sitting ends with the same result."""
    study = Study.parse(TINY | UNEXPLAINED)
    assert run(study, home, "stopped", until=until)[-1]["kind"] == until[0]
    run(study, home, "stopped")
    stopped, whole = numbers(home.run("stopped")), numbers(finished.folder)
    assert stopped["points"] == whole["points"]
    assert stopped["base"] == whole["base"]


def test_finished_study_has_its_base_chosen_lam_and_control_audited(finished: Finished) -> None:
    result = Result.open(finished.folder)
    (chosen,) = result.chosen()
    assert [bool(point.audit) for point in result.points] == [
        point.lam in (None, chosen.lam) for point in result.points
    ]
    base = result.base.audits["equalized_odds"]
    assert base["delta"] is None
    assert chosen.audit["delta"]["value"] == pytest.approx(chosen.audit["bits"]["value"] - base["bits"]["value"])


def test_finished_study_run_again_computes_nothing(finished: Finished) -> None:
    before = {path: path.stat().st_mtime_ns for path in finished.folder.rglob("*.parquet") if "curves" in path.parts}
    kinds = {record["kind"] for record in execute(finished.study, home=finished.home, folder=finished.folder)}
    assert kinds - {"warning"} == {"stage", "curve", "result"}  # the base of so small a study may be weak
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_criterion_with_steps_of_its_own_trains_so_many(finished: Finished, home: Home) -> None:
    criteria = [{"kind": "equalized_odds"}, {"kind": "demographic_parity", "steps": 5}]
    study = Study.parse({**finished.study.to_json(), **UNEXPLAINED, "criteria": criteria})
    run(study, home, "steps")
    assert [curve.steps for curve in Result.open(home.run("steps")).curves] == [study.budget.steps, 5]


def test_separate_mode_trains_each_lam_and_joins_them(home: Home) -> None:
    study = Study.parse(TINY | UNEXPLAINED | {"mode": "separate", "lam": {"grid": [1.0, 4.0]}})
    records = run(study, home, "separate")
    steps = [record["step"] for record in records if record["kind"] == "train"]
    assert steps == list(range(1, 25))
    result = Result.open(home.run("separate"))
    assert result.curves[0].steps == 24
    assert result.curves[0].validation["lam"] == [1.0, 4.0]
    assert load_trigger(result.curves[0].artifact).scale.anchor_lams == (1.0, 4.0)


def test_progress_never_goes_back_and_ends_at_one(home: Home) -> None:
    fractions = [r["fraction"] for r in run(Study.parse(TINY | UNEXPLAINED), home, "x") if r["kind"] == "stage"]
    assert fractions == sorted(fractions)
    assert fractions[-1] == pytest.approx(1.0)


def test_base_is_trained_once_and_then_taken_from_the_cache(home: Home) -> None:
    study = Study.parse(TINY | UNEXPLAINED | {"classifier": {**TINY["classifier"], "source": "auto"}})
    assert any(record["kind"] == "base" for record in run(study, home, "first"))
    assert not any(record["kind"] == "base" for record in run(study, home, "second"))


def test_missing_shipped_base_says_what_to_do(home: Home) -> None:
    study = Study.parse(TINY | {"classifier": {**TINY["classifier"], "source": "shipped"}})
    with pytest.raises(ModelError, match="No base is shipped .* set classifier.source to auto"):
        run(study, home, "x")


def test_weights_of_the_base_are_bit_identical_after_the_study(home: Home) -> None:
    study = Study.parse(TINY | UNEXPLAINED)
    run(study, home, "x")
    kept, _ = read_classifier(home.run("x") / "base" / "classifier.safetensors", CLASSIFIERS)
    cached, _ = read_classifier(next(home.models.glob("*.safetensors")), CLASSIFIERS)
    assert kept.digest() == cached.digest()
    assert torch.get_num_threads() == 1


@pytest.mark.parametrize(("name", "sentence"), [("val", "validation split"), ("test", "test split")])
def test_split_without_a_cell_is_told_before_anything_is_learned(finished: Finished, name: str, sentence: str) -> None:
    """Nobody among the male-presenting is blond: the true positive rate of that group is unknown."""
    study = Study.parse({**finished.study.to_json(), **UNEXPLAINED})
    execution = Execution(study, finished.home, finished.folder)
    list(execution.prepare())
    context, plan = execution.jobs[0].context, execution.jobs[0].plan
    split = context.splits[name]
    keep = ~((split.z == 1) & (split.y == 1))
    rest = replace(split, x=split.x[keep], y=split.y[keep], z=split.z[keep])
    context = replace(context, base={**context.base, name: predict(context.classifier, rest)})
    with pytest.raises(DataError, match=rf"no row of the {sentence} is male, blond \(0 of \d+\); choose another label"):
        CurveJob(context, plan)


def test_damaged_base_in_the_cache_is_set_aside_and_not_copied(home: Home, tiny_study: Study, tmp_path: Path) -> None:
    study = tiny_study.model_copy(update={"classifier": tiny_study.classifier.model_copy(update={"source": "auto"})})
    dataset = build(DATASETS, study.dataset, home)
    cached = home.models / f"{base_key(study, dataset)}.safetensors"
    cached.parent.mkdir(parents=True)
    cached.write_bytes(b"12345678 not a model")
    own = tmp_path / "run" / "classifier.safetensors"
    with pytest.raises(ArtifactError, match=f"No classifier at .*{cached.name}: train one"):
        keep_base(own, study, dataset, home)
    assert not own.exists()
    assert not cached.exists()  # the next sitting trains one in its place
