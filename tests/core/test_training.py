import itertools
import json
import math
import re
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from fairprog_core.common.files.checkpoint import load_state, save_state
from fairprog_core.common.records import Front
from fairprog_core.training.budget import Budget
from fairprog_core.training.loop import MOST_AHEAD, TrainingProgress, fit
from fairprog_core.training.resuming import entry, load_optimizer
from tests.contracts.samples import front

LOSSES: Any = {"utility_loss": 1.0, "fairness_loss": 0.0, "discriminator_accuracy": 0.5, "chance": 0.5}


class Walk:
    """A learner whose position is the number of steps done; its validation score is given by a list."""

    def __init__(self, scores: list[float]) -> None:
        self.position = torch.zeros(1)
        self.scores = iter(scores)

    def step(self, step: int) -> dict[str, Any]:
        assert step == int(self.position)
        self.position = self.position + 1
        return dict(LOSSES)

    def state(self) -> dict[str, Any]:
        return {"learned": {"position": self.position}}

    def load_state(self, state: dict[str, Any]) -> None:
        self.position = entry(state, "learned")["position"].clone()

    def validate(self) -> Front:
        return front(next(self.scores))


class LateWalk(Walk):
    """A `Walk` whose losses are read later; they tell the step."""

    def __init__(self, scores: list[float]) -> None:
        super().__init__(scores)
        self.read: list[int] = []

    def step(self, step: int) -> Any:
        losses = super().step(step) | {"utility_loss": float(step)}

        def late() -> dict[str, Any]:
            self.read.append(step)
            return losses

        return late


def test_fit_ends_at_the_best_iterate_not_the_last() -> None:
    method = Walk([0.1, 0.3, 0.2])
    records = list(fit(method, Budget(steps=6, validate_every=2), validate=method.validate))
    assert method.position.item() == 4
    assert records[-1] | {"seconds": 0} == {
        "kind": "fitted", "steps": 6, "seconds": 0, "best_step": 4, "validation": front(0.3),
    }  # fmt: skip
    assert [r["is_best"] for r in records if r["kind"] == "validation"] == [True, True, False]


def test_last_step_is_validated_even_off_the_beat() -> None:
    method = Walk([0.1, 0.2])
    records = list(fit(method, Budget(steps=5, validate_every=4), validate=method.validate))
    assert [r["step"] for r in records if r["kind"] == "validation"] == [4, 5]


def test_patience_stops_early() -> None:
    method = Walk([0.5, 0.4, 0.3, 0.9])
    records = list(fit(method, Budget(steps=100, validate_every=1, patience=2), validate=method.validate))
    assert records[-1]["steps"] == 3
    assert records[-1]["best_step"] == 1


def test_of_two_iterates_alike_the_later_one_is_kept_and_patience_still_ends() -> None:
    method = Walk([0.4, 0.4, 0.4, 0.9])
    records = list(fit(method, Budget(steps=100, validate_every=1, patience=2), validate=method.validate))
    assert (records[-1]["steps"], records[-1]["best_step"]) == (3, 3)


def test_patience_waits_until_a_front_covers_anything() -> None:
    method = Walk([0.0, 0.0, 0.0, 0.0, 0.5, 0.4, 0.3])
    records = list(fit(method, Budget(steps=100, validate_every=1, patience=2), validate=method.validate))
    assert (records[-1]["steps"], records[-1]["best_step"]) == (7, 5)


def test_time_limit_stops_and_the_best_so_far_counts() -> None:
    method = Walk([0.5])
    records = list(fit(method, Budget(steps=100, seconds=1e-9), validate=method.validate))
    assert records[-1]["steps"] == 1
    assert records[-1]["validation"] == front(0.5)


@pytest.mark.parametrize("stop_after", [1, 3, 4, 7])
def test_interrupted_fit_goes_on_where_it_stopped(stop_after: int, tmp_path: Path) -> None:
    scores = [0.1, 0.3, 0.2]
    budget = Budget(steps=6, validate_every=2)
    checkpoint = tmp_path / "c.safetensors"
    whole = Walk(scores)
    expected = [{**r, "seconds": 0} for r in fit(whole, budget, validate=whole.validate)]

    first = Walk(scores)
    records = fit(first, budget, validate=first.validate, checkpoint=checkpoint)
    seen = [next(records) for _ in range(stop_after)]
    records.close()
    second = Walk([])
    second.scores = first.scores
    seen += list(fit(second, budget, validate=second.validate, checkpoint=checkpoint))
    assert [{**r, "seconds": 0} for r in seen] == expected
    assert second.position.item() == whole.position.item()


def told(records: Iterable[Any]) -> list[tuple[int, float]]:
    """Step and loss of every "train" record; 0 for a validation."""
    return [(each["step"], each.get("utility_loss", 0.0)) for each in records if each["kind"] != "fitted"]


def test_late_losses_are_read_in_order_some_steps_later_and_all_before_a_validation() -> None:
    method, seen = LateWalk([0.1, 0.2]), []
    for record in fit(method, Budget(steps=25, validate_every=20), validate=method.validate):
        if record["kind"] == "train":
            ahead = int(method.position) - record["step"]
            assert ahead <= MOST_AHEAD
            seen.append(ahead)
        elif record["kind"] == "validation":
            assert len(seen) == record["step"]
    assert method.read == list(range(25))
    assert seen == [8] * 12 + [7, 6, 5, 4, 3, 2, 1, 0] + [4, 3, 2, 1, 0]


def test_time_limit_that_ends_while_losses_are_read_leaves_none_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = itertools.count()  # a second passes with every look
    monkeypatch.setattr("time.perf_counter", lambda: float(next(clock)))
    for seconds in range(1, 60):
        method = LateWalk([0.1] * 40)
        records = list(fit(method, Budget(steps=40, validate_every=30, seconds=seconds), validate=method.validate))
        steps = [each["step"] for each in records if each["kind"] == "train"]
        assert steps == list(range(1, int(method.position) + 1))
        assert records[-2]["kind"] == "validation"


@pytest.mark.parametrize("stop_after", [1, 3, 12, 15, 20, 21, 22, 27])
def test_interrupted_fit_tells_every_late_step_once(stop_after: int, tmp_path: Path) -> None:
    scores, budget, checkpoint = [0.1, 0.3], Budget(steps=25, validate_every=20), tmp_path / "c.safetensors"
    whole = LateWalk(scores)
    expected = list(fit(whole, budget, validate=whole.validate))
    first, second = LateWalk(scores), LateWalk([])
    records = fit(first, budget, validate=first.validate, checkpoint=checkpoint)
    seen = [next(records) for _ in range(stop_after)]
    records.close()
    second.scores = first.scores
    assert load_state(checkpoint)["progress"]["step"] == int(first.position)
    again = fit(second, budget, validate=second.validate, checkpoint=checkpoint)
    if stop_after == 3:  # and once more, before anything new was computed
        seen.append(next(again))
        again.close()
        second = LateWalk([])
        second.scores = first.scores
        again = fit(second, budget, validate=second.validate, checkpoint=checkpoint)
    assert told([*seen, *again]) == told(expected)


def test_checkpoint_of_an_early_version_without_untold_steps_is_read(tmp_path: Path) -> None:
    path, budget = stopped(tmp_path)
    saved = load_state(path)
    assert saved["progress"].pop("untold") == []
    save_state(path, saved)
    again = Walk([0.3, 0.2])
    records = list(fit(again, budget, validate=again.validate, checkpoint=path))
    assert [each["step"] for each in records if each["kind"] == "train"] == [4, 5, 6]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"progress": None}, "progress has other entries"),
        ({"progress": {"step": 2}}, "progress has other entries"),
        ({"best": {"position": torch.full((1,), math.nan)}}, "best.position is not finite"),
        ({"best": {"position": torch.zeros(2)}}, "best.position is no tensor of shape"),
        ({"best": {}}, "best has other entries"),
        ({"learner": 5}, "learned is missing"),
        ({"progress": asdict(TrainingProgress()) | {"untold": 5}}, "progress.untold is no list"),
        ({"progress": asdict(TrainingProgress(step=3)) | {"untold": [{}]}}, "progress.untold has other entries"),
        ({"progress": asdict(TrainingProgress(step=3, untold=[LOSSES | {"angle": None}]))}, "angle is no finite"),
    ],
)
def test_checkpoint_that_does_not_fit_is_set_aside_and_the_training_starts_anew(
    tmp_path: Path, change: dict[str, Any], reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    path, budget = stopped(tmp_path)
    save_state(path, load_state(path) | change)
    kept = path.read_bytes()
    starts_anew(path, budget)
    (said,) = caplog.messages
    assert re.match(rf"{path} is damaged \(.*{reason}.*\); it is kept as {path.name}\.damaged and this training", said)
    assert path.with_name(f"{path.name}.damaged").read_bytes() == kept


@pytest.mark.parametrize("n_bytes", [0, 7, 100, -1])
def test_truncated_checkpoint_is_set_aside(tmp_path: Path, n_bytes: int) -> None:
    path, budget = stopped(tmp_path)
    path.write_bytes(path.read_bytes()[:n_bytes])
    starts_anew(path, budget)


def test_every_flipped_bit_of_a_checkpoint_is_found(tmp_path: Path) -> None:
    """In the list of tensors, in the texts and in the values; one bit of every byte."""
    path, _ = stopped(tmp_path)
    whole = path.read_bytes()
    expected = json.dumps(load_state(path), default=Tensor.tolist)
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << place % 8]) + whole[place + 1 :])
        try:
            found = load_state(path)
        except ValueError:
            continue
        assert json.dumps(found, default=Tensor.tolist) == expected  # such as a blank that became a line break


def stopped(folder: Path) -> tuple[Path, Budget]:
    """The checkpoint of a training that was stopped after step 3, and its budget."""
    path, budget = folder / "checkpoint.safetensors", Budget(steps=6, validate_every=2)
    first = Walk([0.1, 0.2, 0.3])
    training = fit(first, budget, validate=first.validate, checkpoint=path)
    for _ in range(4):
        next(training)
    training.close()
    return path, budget


def starts_anew(checkpoint: Path, budget: Budget) -> None:
    """Train with a damaged checkpoint, and compare with a training that had none."""
    whole, again = Walk([0.1, 0.3, 0.2]), Walk([0.1, 0.3, 0.2])
    expected = [{**record, "seconds": 0} for record in fit(whole, budget, validate=whole.validate)]
    found = fit(again, budget, validate=again.validate, checkpoint=checkpoint)
    assert [{**record, "seconds": 0} for record in found] == expected
    assert again.position.item() == whole.position.item()


def test_optimizer_of_other_settings_is_refused() -> None:
    weight = torch.nn.Parameter(torch.zeros(3))
    optimizer = torch.optim.Adam([weight])
    state = optimizer.state_dict()
    load_optimizer(optimizer, state, "file")
    state["param_groups"][0]["betas"] = [0.9, 1.5]  # the root of 1 − β would be a complex number
    with pytest.raises(ValueError, match="file.param_groups hold betas outside of 0 … 1"):
        load_optimizer(optimizer, state, "file")
    state = optimizer.state_dict()
    state["param_groups"][0]["weight_decay"] = 0.5
    with pytest.raises(ValueError, match="file.param_groups belong to other parameters or another optimizer"):
        load_optimizer(optimizer, state, "file")
