"""Speed on pictures: drawing faces, a step of the network, steps of triggers, a whole curve, evaluation."""

from collections import deque
from collections.abc import Iterator
from functools import cached_property, partial
from typing import Any

import torch

from fairprog_core.classifiers import ResidualNetOptions
from fairprog_core.classifiers.base import Classifier
from fairprog_core.classifiers.image import ResidualNet
from fairprog_core.classifiers.predict import predict
from fairprog_core.cli.machine.bench.measurement import Measurement, Size, Workbench, measurement, seconds_of
from fairprog_core.common.home import Home
from fairprog_core.data import FacesOptions
from fairprog_core.data.faces.dataset import Faces
from fairprog_core.methods.reprogramming.reprogram import Reprogram
from fairprog_core.pipeline.jobs.context import StudyContext
from fairprog_core.pipeline.jobs.curve import CurveJob
from fairprog_core.study import Study
from fairprog_core.training.budget import Budget
from fairprog_core.triggers import BorderOptions, PatchOptions


class Pictures(Workbench):
    """Measures drawn faces with a small residual network."""

    noun = "images"

    def __init__(self, home: Home, size: Size) -> None:
        self.faces = FacesOptions(**size.splits)
        self.net = ResidualNetOptions(epochs=size.repeats + 1, batch_size=min(128, size.n_train))
        budget = Budget(steps=size.curve_steps, validate_every=min(50, size.curve_steps))
        super().__init__(home, size, Study(dataset=self.faces, classifier=self.net, budget=budget))

    @cached_property
    def classifier(self) -> Classifier:
        """A residual network with fresh weights, not frozen."""
        torch.manual_seed(0)
        return ResidualNet(self.net, n_classes=2, image_size=self.faces.image_size)

    def on(self, device: str) -> Iterator[Measurement]:
        """All figures on one device."""
        steps, border = self.size.steps, BorderOptions()
        yield self.base_step(device, "base_step")
        for options in (border, PatchOptions()):
            yield self.trigger_step(device, options, name=f"trigger_step_{options.kind}", steps=steps)
        yield self.trigger_step(device, border, name="trigger_step_border_two_passes", steps=steps, kind=TwoPasses)
        yield from self.curve(device)
        yield from self.evaluation(device, border, name="evaluation")

    def drawing(self) -> Measurement:
        """Images per second of the faces renderer, on one thread, written to disk."""
        n, rates = self.size.n_train, []
        for seed in range(1, 3):
            data = Faces(self.faces.model_copy(update={"seed": seed}), self.home)
            rates.append(n / seconds_of(partial(data.split, "train"), "cpu"))
        return measurement("faces_drawn", "cpu", rates, "images/s", f"{n} faces of 64 px, one thread, written to disk")

    def curve(self, device: str) -> Iterator[Measurement]:
        """A whole training of a border trigger, validations included."""
        classifier = self.frozen(device)
        splits = {name: self.data.split(name) for name in ("tune", "val", "test")}
        base = {name: predict(classifier, splits[name]) for name in ("val", "test")}
        folder = self.home.run(f"curve-{device}")
        context = StudyContext(self.study, self.data, classifier, splits, base, folder, torch.device(device), {})
        job = CurveJob(context, self.study.plan()[0])
        seconds = seconds_of(lambda: deque(job.learn(), 0), device)
        steps, plan = self.study.budget.steps, job.plan
        rows = plan.method.lam_groups * plan.method.per_cell * 4  # type: ignore[attr-defined]
        about = f"border, equalized odds, {steps} steps, {steps // self.study.budget.validate_every} validations"
        yield measurement("curve", device, [seconds], "s", about)
        yield measurement("curve_images", device, [steps * rows / seconds], "images/s", f"{about}, trained on")


class TwoPasses(Reprogram):
    """For comparison only: two backward passes, with gradients for the classifier's weights too.

    The authors' code computes a step in this way and discards the gradients of the weights.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.classifier.requires_grad_(True)

    def _update_trigger(
        self,
        utility_loss: torch.Tensor,
        fairness_loss: torch.Tensor,
        lam: torch.Tensor,
        rate: torch.Tensor | None = None,
        **_: bool,
    ) -> tuple[()]:
        self.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(utility_loss.sum(), retain_graph=True)
        torch.autograd.backward((lam * fairness_loss).sum())
        self.classifier.zero_grad(set_to_none=True)
        self.optimizer.step(rate)
        return ()
