"""Steps that a GPU records and repeats: the numbers of plain steps, and nothing that makes the host wait.

No GPU is needed: a recorder on the host runs the function again on the places of its inputs, and the device "meta",
which has shapes but no values, stands for a GPU that nobody waits for.
"""

import copy
import itertools
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from fairprog_core.classifiers.base import Classifier, freeze
from fairprog_core.common.errors import DataError
from fairprog_core.common.files.checkpoint import load_state
from fairprog_core.common.registry import build
from fairprog_core.common.types import Groups
from fairprog_core.data.base import Split
from fairprog_core.data.sampling import EvenSampler
from fairprog_core.methods import ReprogramOptions
from fairprog_core.methods.reprogramming import picture_batches, reprogram
from fairprog_core.methods.reprogramming.picture_batches import (
    PictureBatches,
    ResidentPictures,
    SentPictures,
    ShrunkPictures,
)
from fairprog_core.methods.reprogramming.reprogram import Reprogram
from fairprog_core.training import recorded
from fairprog_core.training.budget import Budget
from fairprog_core.training.criteria import CRITERIA
from fairprog_core.training.loop import fit
from fairprog_core.training.recorded import N_REHEARSALS, Recorded, StepRecorder, StepWork
from fairprog_core.triggers import TRIGGERS, BorderOptions
from fairprog_core.triggers.base import Trigger
from tests.contracts.samples import front, make_classifier, rows, usual

CPU, META = torch.device("cpu"), torch.device("meta")
BUDGET = Budget(steps=40, validate_every=16)
WAITING = tuple(f"aten.{name}" for name in ("_local_scalar_dense", "nonzero", "masked_select", "_unique"))
TWO = Groups.exclusive("a", "b")
OVERLAPPING = Groups(("a", "b"), np.array([[1, 0], [1, 1], [0, 1]], dtype=bool))
UNKNOWN = Groups(("a", "b"), np.array([[1, 0], [0, 1], [0, 0]], dtype=bool), unknown=2)
OPTIONS: list[dict[str, Any]] = [{}, {"penalty": "mmd"}, {"projection": True}, {"replay": 1, "along": "line"}]


class HostRecorder:
    """Runs a function again at every replay; the result is always the same tensor, as that of a CUDA graph."""

    def __init__(self, *, fails: bool = False) -> None:
        self.fails, self.n_rehearsals, self.n_recordings, self.n_replays = fails, 0, 0, 0

    def rehearse(self, run: StepWork) -> Tensor:
        self.n_rehearsals += 1
        return run()

    def record(self, run: StepWork) -> StepWork:
        if self.fails:
            raise RuntimeError("operation not permitted when stream is capturing\nand more")
        self.n_recordings += 1
        place = torch.empty(0)

        def replay() -> Tensor:
            self.n_replays += 1
            found = run()
            return place.resize_(found.shape).copy_(found)

        return replay


def pictures(n: int = 200, *, n_patterns: int = 2) -> Split:
    """Rows of a natural mix, which cannot be written to; only the first two patterns of groups have any."""
    split = rows("image", n)
    z = np.where(np.arange(n) % 7 == 0, 1 - split.z, split.z)
    share = np.zeros((n_patterns, 2))
    share[:2] = [[0.35, 0.15], [0.05, 0.45]]
    x = split.x.copy()
    x.flags.writeable = False
    return Split(x, split.y, z, share, False)


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return freeze(usual("image"))


def learner(
    classifier: Classifier, *, kind: str = "border", criterion: str = "equalized_odds", lam: float | None = None,
    device: torch.device = CPU, groups: Groups = TWO, **options: Any,
) -> Reprogram:  # fmt: skip
    trigger: Trigger = build(
        TRIGGERS, TRIGGERS[kind].options(), anchor_lams=(0.0, 0.3, 3.0, 30.0), **classifier.input_spec
    )
    return Reprogram(
        ReprogramOptions(per_cell=4, **options), classifier=classifier, trigger=trigger.attach_to(classifier),
        criterion=CRITERIA[criterion](), groups=groups, split=pictures(n_patterns=len(groups.patterns)),
        steps=BUDGET.steps, seed=3, lam=lam, device=device,
    )  # fmt: skip


@pytest.fixture
def record_by(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let learners of pictures record their steps."""

    def begin(recorder: StepRecorder, *, is_resident: bool = True) -> None:
        monkeypatch.setattr(reprogram, "recorder_for", lambda device: recorder)
        monkeypatch.setattr(picture_batches, "has_room", lambda split, device: is_resident)

    return begin


def trained(learner: Reprogram, checkpoint: Path | None = None, *, stop_after: int | None = None) -> list[Any]:
    """The records of a training, without times, up to a number of them."""
    scores = {16: 0.2, 32: 0.1, 40: 0.3}
    records = fit(learner, BUDGET, validate=lambda: front(scores[learner.schedule.last_epoch]), checkpoint=checkpoint)
    found = [{**record, "seconds": 0} for record in itertools.islice(records, stop_after)]
    records.close()
    return found


def values(learner: Reprogram) -> Tensor:
    return learner.trigger.values(torch.tensor([0.0, 1.0, 9.0])).detach()


@pytest.mark.parametrize("kind", [ResidentPictures, SentPictures])
def test_batches_are_those_of_the_sampler_to_the_bit(
    kind: Callable[[EvenSampler], PictureBatches], classifier: Classifier
) -> None:
    sampler = EvenSampler(pictures(), classifier.to_input, per_cell=3, copies=4, seed=5, device=CPU)
    batches = kind(sampler)
    shapes = set()
    for step in range(25):
        drawn, expected = batches.draw(step), sampler(step)
        found = batches.batch(*drawn)
        for value, other in zip(found, expected, strict=True):
            assert (value.dtype, value.stride()) == (other.dtype, other.stride())
            assert torch.equal(value, other)
        shapes.add(tuple((value.shape, value.dtype) for value in drawn))
    assert len(shapes) == 1


@pytest.mark.parametrize("photo", [0.8, 0.72], ids=["same edges", "other edges"])
def test_photos_that_were_shrunk_before_are_those_of_the_sampler(photo: float, classifier: Classifier) -> None:
    border = build(TRIGGERS, BorderOptions(photo=photo), **classifier.input_spec)
    sampler = EvenSampler(pictures(), classifier.to_input, per_cell=3, copies=4, seed=5, device=CPU)
    batches = ShrunkPictures(sampler, border)
    for step in range(25):
        found, expected = batches.batch(*batches.draw(step)), sampler(step)
        torch.testing.assert_close(border.ground(found.x), border.ground(expected.x), rtol=0, atol=1e-5)
        assert border.ground(found.x).is_contiguous(memory_format=torch.channels_last)
        for value, other in zip(found[1:], expected[1:], strict=True):
            assert torch.equal(value, other)


def test_photos_are_shrunk_once_where_they_take_little_memory(
    classifier: Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A border leaves 27 px of 200 photos: 200 · 27² · 3 · 4 bytes."""
    border, patch = (build(TRIGGERS, TRIGGERS[kind].options(), **classifier.input_spec) for kind in ("border", "patch"))
    sampler = EvenSampler(pictures(), classifier.to_input, per_cell=4, copies=4, seed=5, device=CPU)
    for most, kind in ((200 * 27**2 * 3 * 4, ShrunkPictures), (200 * 27**2 * 3 * 4 - 1, SentPictures)):
        monkeypatch.setattr(picture_batches, "MOST_SHRUNK", most)
        assert type(picture_batches.picture_batches(sampler, border)) is kind
        assert type(picture_batches.picture_batches(sampler, patch)) is SentPictures


def test_shrunk_photos_are_the_same_whenever_a_training_begins(classifier: Classifier) -> None:
    """To the bit: a training that is resumed draws other photos first."""
    found = []
    for first in (0, 7):
        border = build(TRIGGERS, BorderOptions(), **classifier.input_spec)
        sampler = EvenSampler(pictures(), classifier.to_input, per_cell=4, copies=4, seed=5, device=CPU)
        batches = ShrunkPictures(sampler, border)
        found.append([batches.batch(*batches.draw(step)).x for step in range(first, 12)][7 - first :])
    for one, other in zip(*found, strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("is_shrunk", [True, False])
def test_batch_of_a_plain_step_is_on_the_device(
    is_shrunk: bool, classifier: Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    there, _ = on_meta(classifier, monkeypatch, kind="border" if is_shrunk else "patch", is_shrunk=is_shrunk)
    assert all(value.device == META for value in there._batch(0))


def test_border_takes_small_photos_in_a_training_only(classifier: Classifier) -> None:
    border = build(TRIGGERS, BorderOptions(), **classifier.input_spec)
    with pytest.raises(DataError, match="3 × 27 × 27, the trigger was made for 3 × 32 × 32"):
        border.ground(torch.zeros(1, 3, 27, 27))


@pytest.mark.parametrize(("options", "is_resident"), [*((options, True) for options in OPTIONS), ({}, False)], ids=str)
@pytest.mark.parametrize(
    ("kind", "criterion", "lam"),
    [("border", "equalized_odds", None), ("frame", "demographic_parity", None), ("patch", "equalized_odds", 2.0)],
)
def test_recorded_training_has_the_numbers_of_the_plain_one(
    kind: str,
    criterion: str,
    lam: float | None,
    options: dict[str, Any],
    is_resident: bool,
    classifier: Classifier,
    record_by: Callable[..., None],
) -> None:
    plain = learner(classifier, kind=kind, criterion=criterion, lam=lam, **options)
    expected = trained(plain)
    recorder = HostRecorder()
    record_by(recorder, is_resident=is_resident)
    other = learner(classifier, kind=kind, criterion=criterion, lam=lam, **options)
    assert other.recorded
    assert trained(other) == expected
    assert torch.equal(values(other), values(plain))
    assert any("angle" in record for record in expected)
    assert recorder.n_recordings == 2  # with and without the angle
    n_first = max(options.get("replay", 8), 2 * N_REHEARSALS)
    assert recorder.n_replays >= BUDGET.steps - n_first - N_REHEARSALS
    assert recorder.n_replays + recorder.n_rehearsals == BUDGET.steps


@pytest.mark.parametrize("stop_after", [1, 5, 14, 17, 18, 30, 38])
def test_recorded_training_that_was_interrupted_goes_on_with_the_same_numbers(
    stop_after: int, classifier: Classifier, record_by: Callable[..., None], tmp_path: Path
) -> None:
    expected = trained(learner(classifier))
    record_by(HostRecorder())
    checkpoint = tmp_path / "checkpoint.safetensors"
    seen = trained(learner(classifier), checkpoint, stop_after=stop_after)
    saved = load_state(checkpoint)["progress"]
    assert saved["step"] >= len([record for record in seen if record["kind"] == "train"])
    again = learner(classifier)
    assert [*seen, *trained(again, checkpoint)] == expected


def test_training_goes_on_by_the_other_way_with_the_same_numbers(
    classifier: Classifier, record_by: Callable[..., None], tmp_path: Path
) -> None:
    """What a recorded training saved is read by a plain one: checkpoints are the same on every device."""
    expected = trained(learner(classifier))
    recorder = HostRecorder()
    record_by(recorder)
    plain = learner(classifier)
    plain.recorded = None
    seen = trained(learner(classifier), tmp_path / "c.safetensors", stop_after=13)
    assert recorder.n_replays
    assert [*seen, *trained(plain, tmp_path / "c.safetensors")] == expected


def test_training_that_cannot_be_recorded_says_so_once_and_has_the_same_numbers(
    classifier: Classifier, record_by: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    expected = trained(learner(classifier))
    record_by(HostRecorder(fails=True))
    with caplog.at_level(logging.WARNING):
        assert trained(learner(classifier)) == expected
    (said,) = caplog.messages
    assert said.startswith("The steps of this training are not recorded for the GPU and take longer: operation not ")


@pytest.mark.parametrize("kind", ["learned_mask", "border"])
def test_only_steps_that_are_all_alike_are_recorded(
    kind: str, classifier: Classifier, record_by: Callable[..., None]
) -> None:
    """A learned mask prepares for every step; a learner of another kind may do anything."""

    class OtherLearner(Reprogram):
        pass

    record_by(HostRecorder())
    assert bool(learner(classifier, kind=kind).recorded) == (kind == "border")
    like = learner(classifier, kind=kind)
    other = OtherLearner(
        like.options, classifier=classifier, trigger=like.trigger, criterion=CRITERIA["equalized_odds"](),
        groups=TWO, split=pictures(), steps=4, seed=0, device=CPU,
    )  # fmt: skip
    assert other.recorded is None
    assert "angle" in other.step(0)  # type: ignore[operator]


def test_nothing_is_recorded_on_the_cpu(classifier: Classifier) -> None:
    assert learner(classifier).recorded is None
    assert recorded.recorder_for(CPU) is None


def test_every_variant_is_recorded_after_it_was_run_and_forgotten_on_demand() -> None:
    recorder = HostRecorder()
    steps, total = Recorded(recorder, device=CPU, n_first=7), torch.zeros(())

    def add(value: Tensor, *, twice: bool) -> Tensor:
        total.add_(value, alpha=2 if twice else 1)
        return total * 1

    found = [steps(add, torch.tensor(float(i)), twice=i % 4 == 0).item() for i in range(16)]
    assert found == np.cumsum([i * (2 if i % 4 == 0 else 1) for i in range(16)]).tolist()
    assert (recorder.n_recordings, recorder.n_rehearsals, recorder.n_replays) == (2, 8, 8)
    steps.forget()
    assert steps(add, torch.tensor(1.0), twice=False).item() == found[-1] + 1
    assert recorder.n_rehearsals == 9


class NothingMade(TorchFunctionMode):
    """Refuses tensors that are made of numbers, which lie on the host."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in (torch.tensor, torch.as_tensor, torch.from_numpy):
            raise AssertionError(f"{func} copies from the host")
        return func(*args, **(kwargs or {}))


class DeviceAlone(TorchDispatchMode):
    """Refuses operations that involve the host, with "meta" as the device; constants without dimensions are allowed."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name, given = str(func), [value for value in tree_leaves((args, kwargs)) if isinstance(value, Tensor)]
        if name.startswith("aten._fused_adam_"):
            return None  # "meta" has none
        if name.startswith(WAITING):
            raise AssertionError(f"{name} waits for the device")
        if name.startswith("aten.index") and any(value.dtype == torch.bool for value in given[1:]):
            raise AssertionError(f"{name} by booleans has a shape that depends on values")
        found = func(*args, **(kwargs or {}))
        made = [value for value in tree_leaves(found) if isinstance(value, Tensor)]
        if any(value.device != META for value in made) or any(value.device != META and value.ndim for value in given):
            raise AssertionError(f"{name} involves the host")
        return found


def on_meta(
    classifier: Classifier, monkeypatch: pytest.MonkeyPatch, *, is_shrunk: bool = False, **setting: Any
) -> tuple[Reprogram, list[Tensor]]:
    """A learner that has taken some steps on the device "meta", and what is drawn for a step."""
    monkeypatch.setattr(sys.modules["torch.optim.adam"], "_device_dtype_check_for_fused", lambda value: None)
    monkeypatch.setattr("torch._fused_adam_", lambda *args, **options: None)
    there = learner(copy.deepcopy(classifier).to(META), device=META, **setting)
    if not is_shrunk:
        there.batches = ResidentPictures(there.sampler)
    assert there.batches is not None
    assert isinstance(there.batches, ShrunkPictures) == is_shrunk
    lam = there.draw_lams(0)
    drawn = [lam, there.trigger.anchor_weights(lam), torch.tensor(0.1, dtype=torch.float64), *there.batches.draw(0)]
    drawn = [value.to(META) for value in drawn]
    for step in range(10):
        there._update_on(*drawn, is_measured=step % 2 == 0)
    return there, drawn


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize(
    ("kind", "criterion"),
    [("border", "equalized_odds"), ("frame", "demographic_parity"), ("patch", "equalized_odds")],
)
def test_step_asks_the_host_for_nothing(
    kind: str, criterion: str, options: dict[str, Any], classifier: Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    asks_for_nothing(*on_meta(classifier, monkeypatch, kind=kind, criterion=criterion, **options))


def test_step_on_photos_that_were_shrunk_asks_the_host_for_nothing(
    classifier: Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    asks_for_nothing(*on_meta(classifier, monkeypatch, is_shrunk=True))


@pytest.mark.parametrize("groups", [OVERLAPPING, UNKNOWN], ids=["overlapping", "unknown"])
@pytest.mark.parametrize("options", [{}, {"penalty": "hsic"}], ids=str)
def test_step_with_other_groups_asks_the_host_for_nothing(
    groups: Groups, options: dict[str, Any], classifier: Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    asks_for_nothing(*on_meta(classifier, monkeypatch, groups=groups, **options))


@pytest.mark.parametrize("kind", ["hybrid", "resnet18", "image_model"])
def test_step_with_another_classifier_asks_the_host_for_nothing(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asks_for_nothing(*on_meta(freeze(make_classifier(kind)), monkeypatch))


def asks_for_nothing(there: Reprogram, drawn: list[Tensor]) -> None:
    parts = [id(part) for part in there.adversary.replay.joined()]
    with NothingMade(), DeviceAlone():
        for is_measured in (True, False):
            assert there._update_on(*drawn, is_measured=is_measured).shape == ((5,) if is_measured else (3,))
    assert parts == [id(part) for part in there.adversary.replay.joined()]


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda x: x.sum().item(), id="item"),
        pytest.param(lambda x: x.tolist(), id="tolist"),
        pytest.param(lambda x: x.sum() > 0 or None, id="if"),
        pytest.param(lambda x: x[x > 0], id="rows by booleans"),
        pytest.param(lambda x: x.nonzero(), id="nonzero"),
        pytest.param(lambda x: x.unique(), id="unique"),
        pytest.param(lambda x: x.cpu(), id="to the host"),
        pytest.param(lambda x: torch.tensor([1.0, 2.0]).to(x), id="from the host"),
        pytest.param(lambda x: torch.tensor([1.0, 2.0], device=x.device), id="made on the host"),
    ],
)
def test_step_that_asks_the_host_is_found(
    spoil: Callable[[Tensor], object], classifier: Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    there, drawn = on_meta(classifier, monkeypatch)
    logits = there.logits

    def spoiled(x: Any, lam: Tensor) -> Tensor:
        found = logits(x, lam)
        spoil(found.detach())
        return found

    monkeypatch.setattr(there, "logits", spoiled)
    with NothingMade(), DeviceAlone(), pytest.raises((AssertionError, RuntimeError, NotImplementedError)):
        there._update_on(*drawn, is_measured=False)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")
@pytest.mark.parametrize("is_resident", [True, False])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_gpu_replays_what_it_would_compute_step_by_step(
    options: dict[str, Any], is_resident: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    device = torch.device("cuda")
    monkeypatch.setattr(picture_batches, "has_room", lambda split, device: is_resident)
    on_gpu = freeze(usual("image")).to(device)
    expected = learner(on_gpu, device=device, **options)
    assert expected.recorded
    expected.recorded.can_be_recorded = False
    found = learner(on_gpu, device=device, **options)
    assert found.recorded
    losses = [[{**record} for record in trained(each)] for each in (expected, found)]
    for one, other in zip(*losses, strict=True):
        assert one["kind"] == other["kind"]
        if one["kind"] == "train":
            assert other["utility_loss"] == pytest.approx(one["utility_loss"], rel=1e-3)
    torch.testing.assert_close(values(found), values(expected), rtol=1e-3, atol=1e-4)
    assert not caplog.messages


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")
def test_gpu_training_that_was_interrupted_goes_on_with_the_same_numbers(tmp_path: Path) -> None:
    device, checkpoint = torch.device("cuda"), tmp_path / "checkpoint.safetensors"
    on_gpu = freeze(usual("image")).to(device)
    expected = trained(learner(on_gpu, device=device))
    seen = trained(learner(on_gpu, device=device), checkpoint, stop_after=25)
    assert [*seen, *trained(learner(on_gpu, device=device), checkpoint)] == expected
