"""Every method × every criterion. A new entry in a registry is tested without an edit here."""

import shutil
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import torch

from fairprog_core.classifiers.base import Classifier, freeze, save_classifier
from fairprog_core.classifiers.predict import predict
from fairprog_core.common.lam_range import LamRange
from fairprog_core.common.options import Modality
from fairprog_core.common.records import Front
from fairprog_core.common.registry import build
from fairprog_core.common.types import Groups
from fairprog_core.data.base import Split
from fairprog_core.methods import METHODS
from fairprog_core.methods.base import FitContext, FittedModel, Method, ValidateFn
from fairprog_core.methods.features import Features
from fairprog_core.training.budget import Budget
from fairprog_core.training.criteria import CRITERIA
from fairprog_core.triggers import TRIGGERS
from fairprog_core.triggers.base import Trigger
from tests.contracts.samples import as_tensor, front, inputs_of, rows, usual

CONTROLS = [kind for kind, entry in METHODS.items() if entry.options.is_control]
TRIGGER: dict[Modality, str] = {"image": "patch", "text": "soft"}
SMALL: dict[str, Any] = {"per_cell": 2, "queries": 500}  # of the options that a method has
SHORT: dict[Modality, dict[str, int]] = {"image": {"epochs": 2, "batch_size": 16}, "text": {"steps": 4}}
CASES = [
    (kind, modality, criterion)
    for kind, entry in METHODS.items()
    if kind not in CONTROLS
    for modality in entry.options.modalities
    for criterion in (CRITERIA if modality == "image" else list(CRITERIA)[:1])  # what they differ in is no medium's
]


def base(modality: Modality) -> Classifier:
    return usual(modality, **SHORT[modality])


@cache
def frozen(modality: Modality) -> Classifier:
    return freeze(base(modality))


@cache
def prepared(modality: Modality) -> Split:
    return frozen(modality).prepare(rows(modality))


@cache
def features(modality: Modality) -> Features:
    return Features(frozen(modality))


def make(kind: str, modality: Modality, criterion: str, folder: Path, *, seed: int = 0) -> Method:
    """A method about to learn the curve of two λ."""
    folder.mkdir(exist_ok=True)
    if not (file := folder / "classifier.safetensors").exists():
        save_classifier(base(modality), file)
    known = METHODS[kind].options
    options, split = known(**{name: n for name, n in SMALL.items() if name in known.model_fields}), prepared(modality)
    trigger = "hard" if (kind, modality) == ("query_reprogram", "text") else TRIGGER[modality]
    full = options.lam.get(criterion) or TRIGGERS[trigger].options.lam[criterion]
    lam = LamRange(low=full.low, high=full.high, grid=tuple(sorted({full.grid[0], full.grid[-1]})))
    context = FitContext(
        classifier=frozen(modality), features=features(modality), base_file=file, split=split, validation=split,
        groups=Groups.exclusive("a", "b"), criterion=CRITERIA[criterion](), lam=lam, seed=seed,
        budget=Budget(steps=4, validate_every=2), device=torch.device("cpu"), folder=folder / "curve",
        about={"curve": "tried", "classifier": "hash", "data": "hash"},
        trigger=TRIGGERS[trigger].options() if options.uses_trigger else None,
    )  # fmt: skip
    made: Method = build(METHODS, options, context)
    return made


def looking(split: Split) -> ValidateFn:
    """Stands in for the validation curve: some number that follows from the predictions."""

    def validate(solution: FittedModel, lams: Any, done: Front | None) -> Front:
        volume = float(np.mean([solution.predict(split, lam).y_pred.mean() for lam in lams]))
        return front(volume, [*(done["lam"] if done else []), *lams])

    return validate


def learned(method: Method) -> FittedModel:
    """Learn to the end."""
    for _ in method.learn(looking(method.context.split)):
        pass
    return method.open()


def said(solution: FittedModel, method: Method) -> list[np.ndarray[Any, Any]]:
    """Logits, or predictions where there are none, for every reported λ."""
    found = [solution.predict(method.context.split, lam) for lam in method.context.lam.grid]
    return [each.y_pred if each.logits is None else each.logits for each in found]


def same(first: list[np.ndarray[Any, Any]], second: list[np.ndarray[Any, Any]]) -> bool:
    return all(np.array_equal(left, right) for left, right in zip(first, second, strict=True))


@pytest.mark.parametrize(("kind", "modality", "criterion"), CASES)
class TestEveryMethod:
    def test_predicts_every_row_at_every_lam(
        self, kind: str, modality: Modality, criterion: str, tmp_path: Path
    ) -> None:
        method = make(kind, modality, criterion, tmp_path)
        solution, split = learned(method), method.context.split
        grid = method.context.lam.grid
        for lam, together in zip(grid, solution.predict_many(split, grid), strict=True):
            found = solution.predict(split, lam)
            assert found.y_pred.tolist() == together.y_pred.tolist()
            assert found.y.tolist() == split.y.tolist()
            assert found.z.tolist() == split.z.tolist()
            assert set(found.y_pred.tolist()) <= {0, 1}
            if found.logits is not None:
                assert found.y_pred.tolist() == found.logits.argmax(1).tolist()
            assert all(file.is_file() for file in solution.files(lam).values())
        assert set(solution.about) >= {"steps", "seconds", "best_step"}
        assert solution.n_parameters >= 0

    def test_classifier_of_its_own_is_what_predicts_where_all_weights_change(
        self, kind: str, modality: Modality, criterion: str, tmp_path: Path
    ) -> None:
        method = make(kind, modality, criterion, tmp_path)
        solution, split, lam = learned(method), method.context.split, method.context.lam.grid[-1]
        found = solution.retrained(lam)
        assert (found is not None) == (METHODS[kind].options.needs.weights == "all")
        if found is not None:
            assert not any(value.requires_grad for value in found.parameters())
            assert np.array_equal(predict(found, split).logits, solution.predict(split, lam).logits)

    def test_records_end_at_the_last_step_with_every_lam_looked_at(
        self, kind: str, modality: Modality, criterion: str, tmp_path: Path
    ) -> None:
        method = make(kind, modality, criterion, tmp_path)
        records = list(method.learn(looking(method.context.split)))
        assert {record["kind"] for record in records} <= {"train", "validation"}
        assert records[-1]["kind"] == "validation"
        assert records[-1]["step"] == records[-1]["steps"]
        assert records[-1]["lam"] == list(method.context.lam.grid)
        assert not list(method.learn(looking(method.context.split)))  # learned already

    def test_base_stays_bit_identical(self, kind: str, modality: Modality, criterion: str, tmp_path: Path) -> None:
        method = make(kind, modality, criterion, tmp_path)
        classifier, file = method.context.classifier, method.context.base_file
        before = classifier.digest(), file.read_bytes()
        learned(method)
        assert (classifier.digest(), file.read_bytes()) == before
        assert not any(value.requires_grad for value in classifier.parameters())
        assert all(value.grad is None for value in classifier.parameters())

    def test_same_seed_gives_the_same_predictions_and_so_does_the_file(
        self, kind: str, modality: Modality, criterion: str, tmp_path: Path
    ) -> None:
        method, again = (make(kind, modality, criterion, tmp_path / name, seed=1) for name in ("a", "b"))
        first = said(learned(method), method)
        assert same(first, said(learned(again), again))
        assert same(first, said(make(kind, modality, criterion, tmp_path / "a", seed=1).open(), method))

    def test_interrupted_anywhere_it_goes_on_with_the_same_numbers(
        self, kind: str, modality: Modality, criterion: str, tmp_path: Path
    ) -> None:
        whole = make(kind, modality, criterion, tmp_path / "whole")
        n = len(list(whole.learn(looking(whole.context.split))))
        for after in sorted({1, n // 2, n - 1}):
            folder = tmp_path / str(after)
            records = make(kind, modality, criterion, folder).learn(looking(whole.context.split))
            for _ in range(after):
                next(records, None)
            records.close()
            rest = make(kind, modality, criterion, folder)
            assert same(said(learned(rest), rest), said(whole.open(), whole))


def in_mode(method: Method, mode: Literal["amortised", "separate"]) -> Method:
    made: Method = build(METHODS, method.options, replace(method.context, mode=mode))
    return made


def damage_all(folder: Path) -> int:
    """Change one bit of the last value in every file of a curve; returns how many files there are."""
    files = list(folder.rglob("*.safetensors"))
    for file in files:
        content = file.read_bytes()
        file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    return len(files)


@pytest.mark.parametrize(
    ("kind", "modality", "mode"),
    [
        *sorted({(kind, modality, "amortised") for kind, modality, _ in CASES}),
        ("reprogram", "image", "separate"),
    ],
)
def test_damaged_file_is_set_aside_and_made_again_with_the_same_numbers(
    kind: str, modality: Modality, mode: Any, tmp_path: Path
) -> None:
    """On the way, where there are checkpoints and finished parts, and at the end."""
    criterion = next(iter(CRITERIA))
    method = in_mode(make(kind, modality, criterion, tmp_path), mode)
    looks = looking(method.context.split)
    n = len(list(method.learn(looks)))
    whole = said(method.open(), method)
    n_files = damage_all(method.context.folder)
    assert n_files
    assert same(said(learned(method), method), whole)
    assert len(list(tmp_path.rglob("*.damaged"))) == n_files

    shutil.rmtree(method.context.folder)
    for after in (n // 2, n - 1):
        records = in_mode(make(kind, modality, criterion, tmp_path), mode).learn(looks)
        for _ in range(after):
            next(records, None)
        records.close()
        damage_all(method.context.folder)
    method = in_mode(make(kind, modality, criterion, tmp_path), mode)
    assert same(said(learned(method), method), whole)


@pytest.mark.parametrize("kind", ["last_layer", "output_shift"])
def test_shared_features_are_charged_to_every_method_that_reads_them(kind: str, tmp_path: Path) -> None:
    method = make(kind, "image", "equalized_odds", tmp_path)
    method.context.features.of(method.context.split)  # another curve came first
    assert learned(method).about["seconds"] > method.context.features.seconds(method.context.split) > 0


def new_trigger(kind: str, **more: Any) -> Trigger:
    classifier = frozen(TRIGGERS[kind].options.modality)
    trigger: Trigger = build(TRIGGERS, TRIGGERS[kind].options(), **classifier.input_spec, **more)
    return trigger.attach_to(classifier)


@pytest.mark.parametrize("kind", CONTROLS)
def test_control_is_the_same_whatever_was_learned(kind: str) -> None:
    options = METHODS[kind].options()
    trigger_kind = "patch" if options.modalities[0] == "image" else "soft"
    trigger, classifier = new_trigger(trigger_kind, seed=3), frozen(options.modalities[0])
    control, x = build(METHODS, options), inputs_of(classifier)
    before = as_tensor(control.control(trigger, classifier)(x, 0.0))
    with torch.no_grad():
        trigger.shared.add_(1.0)
    assert torch.equal(as_tensor(control.control(trigger, classifier)(x, 0.0)), before)
    assert not torch.equal(as_tensor(trigger(x, 0.0)), before)
