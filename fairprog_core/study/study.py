"""A study: all options of a computation as one object.

It is composed from the options in the registries, and loaded from a preset, a TOML file or JSON.
"""

from collections import Counter
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, Any, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from fairprog_core.classifiers import CLASSIFIERS
from fairprog_core.common.options import ADVANCED, Options
from fairprog_core.common.plugins import load_plugins
from fairprog_core.common.registry import any_entry, any_of, on_change
from fairprog_core.common.validation import without_none
from fairprog_core.data import DATASETS, FacesOptions
from fairprog_core.methods import METHODS, MethodOptions
from fairprog_core.study import defaults
from fairprog_core.study.lam_options import LamOptions
from fairprog_core.study.plan import CurvePlan
from fairprog_core.study.transfer_target import Name, TransferTarget, base_name
from fairprog_core.training.budget import Budget
from fairprog_core.training.criteria import CRITERIA, CriterionOptions, EqualizedOddsOptions
from fairprog_core.triggers import TRIGGERS

load_plugins()  # before the unions below, because a study may use entries that plug-ins register

if TYPE_CHECKING:
    AnyDataset: TypeAlias = Any
    AnyClassifier: TypeAlias = Any
    AnyTrigger: TypeAlias = Any
    AnyMethod: TypeAlias = MethodOptions
    AnyCriterion: TypeAlias = CriterionOptions
else:
    AnyDataset = any_entry(DATASETS)
    AnyClassifier = any_entry(CLASSIFIERS)
    AnyMethod = any_entry(METHODS)
    AnyTrigger = any_entry(TRIGGERS)
    AnyCriterion = any_of(CRITERIA.values())

Device = Literal["auto", "cpu", "cuda", "mps"]


class Select(Options):
    """How the λ to quote is chosen, on the validation split only."""

    max_accuracy_loss: float = Field(
        0.03,
        gt=0,
        le=1,
        title="Accuracy to give up at most",
        description="The λ with the largest gain within this loss of validation accuracy is quoted.",
    )


class Explain(Options):
    """Which explanations are computed after training."""

    gallery: int = Field(
        24, ge=0, le=96, title="Gallery", description="Test rows that are kept and explained at every λ."
    )
    rows: int = Field(
        600,
        ge=0,
        title="Rows for averages",
        description="Test rows over which saliency shares are averaged.",
        json_schema_extra=ADVANCED,
    )
    probe: bool = Field(
        True, title="Demographic probe", description="Train demographic classifiers and apply them to null inputs."
    )
    every_seed: bool = Field(
        False,
        title="Look inside every seed",
        description="Otherwise only the curves of the first seed are looked into.",
        json_schema_extra=ADVANCED,
    )

    @property
    def is_any(self) -> bool:
        """Whether anything is explained."""
        return bool(self.gallery or self.rows or self.probe)


def _suited_explain(values: dict[str, Any]) -> Explain:
    """The default explanations; none of a classifier of which only answers are known."""
    return Explain(gallery=0, rows=0, probe=False) if defaults.has_only_answers(values) else Explain()


class Study(Options):
    """All options of a computation: data, base, methods, triggers, criteria, λ, seeds, budget, explanations."""

    name: Name = Field(
        "study", min_length=1, max_length=80, title="Name", description="Name of the run in the table of runs."
    )
    dataset: AnyDataset = Field(default_factory=FacesOptions, title="Data", description="Inputs, labels and groups.")
    classifier: AnyClassifier = Field(
        default_factory=defaults.by_modality(defaults.classifier),
        title="Classifier",
        description="The base that stays frozen.",
    )
    methods: tuple[AnyMethod, ...] = Field(
        default_factory=defaults.by_base(defaults.methods, defaults.fitting_methods),
        min_length=1,
        title="Methods",
        description="What is learned in front of the base, and controls.",
    )
    triggers: tuple[AnyTrigger, ...] = Field(
        default_factory=defaults.by_base(defaults.triggers, defaults.fitting_triggers),
        min_length=1,
        title="Triggers",
        description="One curve for each of them.",
    )
    criteria: tuple[AnyCriterion, ...] = Field(
        (EqualizedOddsOptions(),), min_length=1, title="Criteria", description="One curve for each of them."
    )
    lam: LamOptions = Field(default_factory=LamOptions, title="λ", description="Weight of fairness against accuracy.")
    mode: Literal["amortised", "separate"] = Field(
        "amortised",
        title="Mode",
        description="amortised: one trigger for every λ. separate: one training per reported λ.",
    )
    select: Select = Field(default_factory=Select, title="Selection", description="How the λ to quote is chosen.")
    base_seed: int = Field(
        0,
        ge=0,
        le=2**31 - 1,
        title="Seed of the base classifier",
        description="Of its initial weights and its batches.",
    )
    transfer: tuple[TransferTarget, ...] = Field(
        (), title="Other bases", description="Bases on which the triggers are evaluated too, without further training."
    )
    seeds: tuple[int, ...] = Field((0,), min_length=1, title="Seeds", description="One curve per seed.")
    tuning_ratio: tuple[float, ...] = Field(
        (1.0,), min_length=1, title="Shares of the tuning data",
        description="One curve for each of them. A smaller one lies inside the larger ones, and is drawn as evenly "
        "over label and group as their numbers of rows allow.",
    )  # fmt: skip
    budget: Budget = Field(
        default_factory=defaults.by_modality(defaults.budget), title="Budget", description="Length of one training."
    )
    explain: Explain = Field(default_factory=_suited_explain, title="A look inside", description="Saliency and probe.")
    reuse: bool = Field(
        False,
        title="Reuse curves",
        description="Reuse curves that another study with this option trained in the same way.",
    )
    device: Device = Field("auto", title="Device", description="auto: a GPU when there is one.")
    threads: int | None = Field(
        None,
        ge=1,
        le=1024,
        title="Threads",
        description="Empty: one; more threads do not speed up networks this small.",
    )

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, values: Any) -> Any:
        """Complete partly given methods and budget with what suits the data."""
        return defaults.filled(values) if isinstance(values, dict) else values

    @model_validator(mode="after")
    def _check(self) -> Self:
        for name, kinds in (
            ("methods", [method.kind for method in self.methods]),
            ("criteria", [criterion.kind for criterion in self.criteria]),
            ("seeds", [str(seed) for seed in self.seeds]),
            ("tuning_ratio", [f"{ratio:g}" for ratio in self.tuning_ratio]),
            ("transfer", [self.name_of(other) for other in self.transfer]),
        ):
            twice = [kind for kind, n in Counter(kinds).items() if n > 1]
            if twice:
                raise ValueError(f"{name} names {twice[0]} twice; name each once")
        if wrong_ratios := [ratio for ratio in self.tuning_ratio if not 0 < ratio <= 1]:
            raise ValueError(f"tuning_ratio ({wrong_ratios[0]:g}) must be above 0 and at most 1")
        if wrong_seeds := [seed for seed in self.seeds if not 0 <= seed < 2**31]:
            raise ValueError(f"seeds ({wrong_seeds[0]}) must be from 0 to {2**31 - 1}")
        owners = (*TRIGGERS, *METHODS)
        known = {*owners, *CRITERIA, *(f"{owner}.{criterion}" for owner, criterion in product(owners, CRITERIA))}
        if unknown_keys := [key for key in self.lam.per if key not in known]:
            raise ValueError(
                f"lam.per has {unknown_keys[0]!r}; allowed are a trigger, a method or a criterion by its name, or "
                '"trigger.criterion" and "method.criterion", e.g. "border.equalized_odds"'
            )
        classifiers = (self.classifier, *self._other_classifiers())
        if misfit := defaults.find_misfit(classifiers, self.methods, self.triggers, is_explained=self.explain.is_any):
            raise ValueError(misfit)
        if not self.classifier.needs_training and any(method.kind == "adv_in" for method in self.methods):
            raise ValueError(
                "adv_in trains new weights as those of the base were trained, and this base is not trained here; leave "
                "it out, or take adv_post"
            )
        if again := self._repeated_base():
            raise ValueError(f"transfer: {again} is the study's own base, or one that is named already; leave it out")
        modality = self.dataset.modality
        unsuited = [
            chosen.kind
            for chosen in (self.classifier, *self.triggers, *self.methods, *self._other_classifiers())
            if modality not in getattr(chosen, "modalities", (getattr(chosen, "modality", modality),))
        ]
        if unsuited:
            raise ValueError(f"{unsuited[0]} is not for {modality} data such as {self.dataset.kind}")
        return self

    def n_curves(self) -> int:
        """Number of curves of `plan`, which is not built for it."""
        n_triggers, n_ratios = len(self.triggers), len(self.tuning_ratio)
        of_a_seed = sum(
            (n_triggers if method.uses_trigger else 1) * (n_ratios if method.learns_from == "tune" else 1)
            for method in self.methods
            if not method.is_control
        )
        return len(self.seeds) * of_a_seed * len(self.criteria)

    def plan(self) -> list[CurvePlan]:
        """All curves of the study, sorted by seed: those of the first seed come before those of the second.

        Raises:
            ConfigError: the values of a range of λ do not fit together.
        """
        first = self.plan_of_first_seed()
        keys = [plan.key.removesuffix(f"s{plan.seed}") for plan in first]
        return [replace(plan, key=f"{key}s{seed}", seed=seed) for seed in self.seeds for key, plan in zip(keys, first)]

    def plan_of_first_seed(self) -> list[CurvePlan]:
        """The curves of the first seed; those of every other seed differ in key and seed alone.

        Raises:
            ConfigError: the values of a range of λ do not fit together.
        """
        return [
            self._curve(method, name, trigger, criterion, self.seeds[0], ratio)
            for method in self.methods
            if not method.is_control
            for (name, trigger), criterion, ratio in product(
                self._named_triggers() if method.uses_trigger else [(None, None)],
                self.criteria,
                self.tuning_ratio if method.learns_from == "tune" else (None,),
            )
        ]

    def _named_triggers(self) -> list[tuple[str, Any]]:
        """The triggers with unique names: the kind, with a number from the second trigger of a kind on."""
        n_of_kind: Counter[str] = Counter()
        named = []
        for trigger in self.triggers:
            n_of_kind[trigger.kind] += 1
            n = n_of_kind[trigger.kind]
            named.append((trigger.kind if n == 1 else f"{trigger.kind}-{n}", trigger))
        return named

    def _curve(
        self,
        method: MethodOptions,
        name: str | None,
        trigger: Any,
        criterion: CriterionOptions,
        seed: int,
        ratio: float | None,
    ) -> CurvePlan:
        part = f"t{ratio:g}" if ratio not in (None, 1.0) else None
        key = "-".join(filter(None, (method.kind, name, criterion.kind, part, f"s{seed}")))
        if trigger is None:
            lam = self.lam.range_without_trigger(method, criterion.kind)
        else:
            lam = self.lam.range_of(trigger.kind, criterion.kind)
        steps = {} if criterion.steps is None else {"steps": criterion.steps}
        budget = self.budget.model_copy(update=steps)
        return CurvePlan(key, method, trigger, name, criterion, lam, seed, budget, ratio)

    @property
    def base_name(self) -> str:
        """The name of the base in tables."""
        return base_name(self.classifier, self.base_seed)

    def on(self, other: TransferTarget) -> "Study":
        """The same study on another base."""
        seed = self.base_seed if other.base_seed is None else other.base_seed
        return self.model_copy(update={"classifier": other.classifier or self.classifier, "base_seed": seed})

    def name_of(self, other: TransferTarget) -> str:
        """The name of another base in tables."""
        return other.name or self.on(other).base_name

    def _repeated_base(self) -> str | None:
        """The name of the first other base with the same weights as the study's own base or an earlier one."""
        own = _weights(self.classifier)
        known = {(own, self.base_seed)}
        for other in self.transfer:
            seed = self.base_seed if other.base_seed is None else other.base_seed
            key = own if other.classifier is None else _weights(other.classifier), seed
            if key in known:
                return self.name_of(other)
            known.add(key)
        return None

    def _other_classifiers(self) -> list[Any]:
        return [other.classifier for other in self.transfer if other.classifier is not None]

    def controls(self) -> list[MethodOptions]:
        """The controls of every curve of a trigger; they always include the first control of the modality."""
        chosen = [method for method in self.methods if method.is_control]
        first = defaults.first_control(self.dataset.modality)
        return chosen if any(method.kind == first.kind for method in chosen) else [*chosen, first]

    def max_accuracy_loss(self, criterion: CriterionOptions) -> float:
        """The largest loss of accuracy that is allowed when λ is chosen for this criterion."""
        return criterion.max_accuracy_loss or self.select.max_accuracy_loss


def _weights(classifier: Any) -> str:
    """What determines the weights of a base, apart from its seed and the data."""
    digest: str = classifier.digest(exclude={"source"})
    return digest


def _renew_choices() -> None:
    """Rebuild the unions of `Study` after a registry has changed."""
    TransferTarget.model_fields["classifier"].annotation = any_entry(CLASSIFIERS) | None
    TransferTarget.model_rebuild(force=True)
    one = {"dataset": any_entry(DATASETS), "classifier": any_entry(CLASSIFIERS)}
    several = {"methods": any_entry(METHODS), "triggers": any_entry(TRIGGERS)}
    for name, kinds in one.items():
        Study.model_fields[name].annotation = without_none(kinds)[0]  # the field keeps its discriminator
    for name, kinds in several.items():
        Study.model_fields[name].annotation = tuple[kinds, ...]  # type: ignore[valid-type]
    Study.model_rebuild(force=True)


on_change(_renew_choices)
