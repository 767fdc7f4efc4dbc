"""What is measured: three cases, each a study with its data and its frozen base, and how much of it."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch

from fairprog_core.classifiers import ResNet18Options
from fairprog_core.classifiers.base import Classifier, save_classifier
from fairprog_core.classifiers.image import ResNet18
from fairprog_core.common.home import Home
from fairprog_core.common.registry import build
from fairprog_core.data import DATASETS, FacesOptions
from fairprog_core.data.base import Dataset, Split, SplitName
from fairprog_core.methods import LearnedTriggerOptions, ReprogramOptions
from fairprog_core.methods.reprogramming.reprogram import Reprogram
from fairprog_core.methods.reprogramming.trigger_training import TriggerTraining
from fairprog_core.methods.reprogramming.word_search import WordSearch
from fairprog_core.pipeline.jobs.frozen_base import find_base, load_base, train_base
from fairprog_core.study import Study
from fairprog_core.study.load import load_study
from fairprog_core.study.plan import CurvePlan
from fairprog_core.training.budget import Budget

RESNET, FACES, COMMENTS = "resnet18-224", "faces", "comments"
RECORDED_AFTER = 30  # steps of a training on a GPU, of which the angle is measured in every fourth
ALL_CASES = (RESNET, FACES, COMMENTS)
FIVE_LAMS = (0.3, 1.0, 3.0, 8.0, 15.0), (0.5, 1.0, 2.0, 4.0, 8.0)  # of the curves of faces and of comments


@dataclass(frozen=True)
class RatioSize:
    """How much is measured.

    Attributes:
        cases: that are measured.
        rounds: measurements of each side of a step, of an evaluation and of a redraw.
        block: steps of one measurement, by case.
        side: of the photos for ResNet-18, in pixels.
        photos: how many of them.
        seeds: of every curve.
        precision_seeds: of a curve that is learned in two kinds of numbers, by case.
        overrides: values of the studies, by case.
        curve_steps: of one training, by case.
        n_made: rows that the suite prepare makes, by data.
        n_scale: pictures of the suite scale; few and many.
        evaluated: test rows that are predicted, by case.
        redraws: of a page, in each process.
    """

    cases: tuple[str, ...] = ALL_CASES
    rounds: int = 5
    block: dict[str, int] = field(default_factory=lambda: {RESNET: 1, FACES: 20, COMMENTS: 2})
    side: int = 224
    photos: int = 128
    seeds: int = 2
    precision_seeds: dict[str, int] = field(default_factory=lambda: {FACES: 8, COMMENTS: 5})
    overrides: dict[str, tuple[str, ...]] = field(default_factory=dict)
    curve_steps: dict[str, int] = field(default_factory=lambda: {FACES: 250, COMMENTS: 30})
    n_made: dict[str, int] = field(default_factory=lambda: {"faces": 256, "comments": 4000, "photos": 400})
    n_scale: tuple[int, int] = (2_000, 200_000)
    evaluated: dict[str, int] = field(default_factory=lambda: {RESNET: 16, FACES: 1200, COMMENTS: 300})
    redraws: int = 5


TINY_RATIOS = RatioSize(
    rounds=2, block={RESNET: 1, FACES: 1, COMMENTS: 1}, side=32, photos=64, seeds=1,
    precision_seeds={FACES: 2, COMMENTS: 2},
    overrides={
        FACES: ("dataset.n_tune=64", "dataset.n_val=64", "dataset.n_test=64", "budget.validate_rows=32"),
        COMMENTS: ("dataset.n_tune=192", "dataset.n_val=48", "dataset.n_test=48", "budget.validate_rows=24"),
    },
    curve_steps={FACES: 2, COMMENTS: 1}, n_made={"faces": 64, "comments": 64, "photos": 120}, n_scale=(64, 256),
    evaluated={RESNET: 4, FACES: 16, COMMENTS: 6}, redraws=2,
)  # fmt: skip


@dataclass(frozen=True)
class BenchCase:
    """A study, and the folder with its data and base.

    Attributes:
        name: key of the case.
        study: one trigger, one criterion.
        folder: the home.
        device: "cpu" or "cuda".
    """

    name: str
    study: Study
    folder: Path
    device: str

    @property
    def home(self) -> Home:
        """The home with data and base."""
        return Home(self.folder)

    @property
    def base_file(self) -> Path:
        """The base's weights."""
        return self.folder / f"{self.name}.safetensors"

    @cached_property
    def dataset(self) -> Dataset:
        """The data, from the home's cache."""
        dataset: Dataset = build(DATASETS, self.study.dataset, self.home)
        return dataset

    @property
    def plan(self) -> CurvePlan:
        """The study's curve."""
        return self.study.plan_of_first_seed()[0]

    @property
    def method(self) -> LearnedTriggerOptions:
        """How the trigger is learned."""
        options: LearnedTriggerOptions = self.plan.method  # type: ignore[assignment]
        return options

    def classifier(self) -> Classifier:
        """The frozen base, as a run opens it."""
        return load_base(self.base_file, torch.device(self.device))

    def changed(self, *, steps: int | None = None, **options: object) -> "BenchCase":
        """A case with other options of the method that learns triggers by gradients.

        Args:
            steps: of a training, which is validated as often as before; None: as many.
            options: of the method.
        """
        study, budget = with_options(self.study, **options), self.study.budget
        if steps is not None:
            validate_every = max(budget.validate_every * steps // budget.steps, 1)
            budget = budget.model_copy(update={"steps": steps, "validate_every": validate_every})
        return replace(self, study=study.model_copy(update={"budget": budget}))

    def steps_per_block(self, size: "RatioSize") -> int:
        """Steps of one measurement; on a GPU enough for the first, which is not counted, to record all of them."""
        return size.block[self.name] if self.device == "cpu" else max(size.block[self.name], RECORDED_AFTER)

    def rows_per_step(self) -> int:
        """Rows of one step, each with one λ."""
        n_cells = len(np.unique(self.dataset.split("tune").cells))
        return self.method.lam_groups * self.method.per_cell * n_cells

    def work(self) -> str:
        """One step in words: how many rows × λ."""
        n, groups = self.rows_per_step(), self.method.lam_groups
        return f"{n} rows × 1 λ each ({groups} λ with {n // groups} rows)"

    def training(self, classifier: Classifier, split: Split) -> TriggerTraining:
        """The training of the trigger, as a run makes it.

        Args:
            classifier: the frozen base.
            split: tuning rows, prepared for it.
        """
        plan = self.plan
        assert plan.trigger is not None
        return TriggerTraining(
            self.method, plan.trigger, classifier=classifier, split=split, validation=split,
            groups=self.dataset.groups, criterion=plan.criterion, lam=plan.lam, seed=plan.seed, budget=plan.budget,
            device=torch.device(self.device),
        )  # fmt: skip

    def learner(self) -> Reprogram | WordSearch:
        """Trains the trigger for all λ at once, step by step."""
        classifier = self.classifier()
        training = self.training(classifier, classifier.prepare(self.dataset.split("tune")))
        return training.new_learner(training.for_every_lam(), None)


def make_cases(
    folder: Path, device: str, size: RatioSize, *names: str, splits: tuple[SplitName, ...] = ("tune",)
) -> Iterator[BenchCase]:
    """The named cases, with their data and base in a new home.

    Args:
        folder: of the home; it exists.
        device: "cpu" or "cuda".
        size: how much is measured.
        names: of the cases, in order; those that the size leaves out are not made.
        splits: that are made.
    """
    for name in (name for name in names if name in size.cases):
        case = BenchCase(name, _study(name, size), folder, device)
        for split in splits:
            deque(case.dataset.prepare_split(split), maxlen=0)
        _keep_base(case)
        yield case


def _study(name: str, size: RatioSize) -> Study:
    """The study of a case; that of ResNet-18 has drawn photos and a base with random weights."""
    own = size.overrides.get(name, ())
    if name != RESNET:
        lams = list(FIVE_LAMS[name == COMMENTS])
        study = load_study(f"{name}-quick", [f"budget.steps={size.curve_steps[name]}", *own])
        validate_every = min(study.budget.validate_every, study.budget.steps)
        lam = study.lam.model_copy(update={"grid": tuple(lams)})
        return study.model_copy(
            update={"lam": lam, "budget": study.budget.model_copy(update={"validate_every": validate_every})}
        )
    n_test = max(16, size.evaluated[RESNET])
    dataset = FacesOptions(image_size=size.side, n_train=64, n_tune=size.photos, n_val=16, n_test=n_test)
    study = Study(dataset=dataset, classifier=ResNet18Options(), budget=Budget(steps=2000))
    return with_options(study, lam_groups=2)


def with_options(study: Study, **options: object) -> Study:
    """A study with other options of the method that learns triggers by gradients."""
    methods = tuple(
        each.model_copy(update=options) if isinstance(each, ReprogramOptions) else each for each in study.methods
    )
    return study.model_copy(update={"methods": methods})


def _keep_base(case: BenchCase) -> None:
    """Write the case's base: the shipped one, else one trained now; ResNet-18 with random weights."""
    if case.name == RESNET:
        torch.manual_seed(0)
        net = ResNet18(case.study.classifier, n_classes=2, image_size=case.study.dataset.image_size)
        save_classifier(net.eval(), case.base_file)
        return
    found = find_base(case.study, case.dataset, case.home)
    if found is None:
        deque(train_base(case.study, case.dataset, case.home, device=torch.device(case.device)), maxlen=0)
        found = find_base(case.study, case.dataset, case.home)
    assert found is not None  # it was just trained
    case.base_file.write_bytes(found.read_bytes())
