"""Methods: what can be chosen. Torch-free; an implementation is imported when it is used.

A new one: a file with a subclass of ``methods.base.Method``; its options class here, with its ``title``, what it needs,
its own ranges of λ unless it uses a trigger, and what suits a modality; one line in :data:`METHODS`. Outside the
package: one file and :func:`register`.
"""

from typing import ClassVar, Literal, NamedTuple

from pydantic import Field

from fairprog_core.common.lam_range import LamRange
from fairprog_core.common.options import ADVANCED, Modality
from fairprog_core.common.registry import Entry, EntryOptions, Suited, add
from fairprog_core.data.base import SplitName
from fairprog_core.training.budget import Budget
from fairprog_core.training.criteria import CriterionOptions


class Needs(NamedTuple):
    """What a method asks for.

    Attributes:
        weights: which weights of the classifier it changes.
        gradients: whether it needs gradients through the classifier.
        group_at_prediction: whether the group of a row must be known when it is predicted.
        labels: whether the rows that it learns from must have labels.
        parameters: what it adds or changes, in words.
    """

    weights: Literal["none", "last layer", "all"] = "none"
    gradients: bool = False
    group_at_prediction: bool = False
    labels: bool = True
    parameters: str = "nothing"


class MethodOptions(EntryOptions):
    """What every method shares."""

    is_control: ClassVar[bool] = False  # controls are not learned; they stand beside every curve of a trigger
    uses_trigger: ClassVar[bool] = False  # whether it makes one curve per trigger, or one in all
    learns_from: ClassVar[SplitName] = "tune"
    needs: ClassVar[Needs] = Needs()
    lam: ClassVar[dict[str, LamRange]] = {}  # by criterion; what uses a trigger follows the trigger instead
    modalities: ClassVar[tuple[Modality, ...]] = ("image", "text")
    one_by_one: ClassVar[bool] = False  # whether there is always one training per λ, one after another
    packages: ClassVar[tuple[str, ...]] = ("torch",)  # whose releases may learn other numbers

    def n_rows(self, budget: Budget, base_rows: int) -> int:
        """About how many rows one training sends through the classifier and back; for the progress bar alone.

        Args:
            budget: of one training.
            base_rows: rows that the training of the base saw.
        """
        return 0


ADVERSARIAL_LAM: dict[str, LamRange] = {
    "equalized_odds": LamRange(low=0.5, high=8.0, grid=(0.5, 1.0, 2.0, 4.0, 8.0)),
    "demographic_parity": LamRange(low=0.5, high=3.0, grid=(1.0, 1.5, 2.0, 2.5, 3.0)),
}  # of what is trained against a discriminator, once per λ
SQUARED_GAP_LAM = dict.fromkeys(
    ADVERSARIAL_LAM, LamRange(low=0.3, high=5.0, grid=(0.0, 0.3, 1.0, 2.0, 3.0, 5.0))
)  # λ · gap²
STRENGTH_LAM = dict.fromkeys(
    ADVERSARIAL_LAM, LamRange(low=0.2, high=1.0, grid=(0.0, 0.2, 0.4, 0.6, 0.8, 1.0))
)  # of a known change
SINGLE_LAM = dict.fromkeys(ADVERSARIAL_LAM, LamRange(low=0.5, high=1.0, grid=(1.0,)))  # of what has no λ


class AdversarialOptions(MethodOptions):
    """What every method shares that plays against a discriminator of Z."""

    discriminator_learning_rate: float = Field(
        3e-3,
        gt=0,
        le=1,
        title="Learning rate of the discriminator",
        description="Adam, constant.",
        json_schema_extra=ADVANCED,
    )
    discriminator_steps: int = Field(
        2,
        ge=1,
        le=50,
        title="Discriminator steps",
        description="Steps of the discriminator per step of the trigger, or of the weights.",
        json_schema_extra=ADVANCED,
    )
    replay: int = Field(
        8,
        ge=1,
        le=64,
        title="Replay",
        description="The discriminator also learns from this many recent batches.",
        json_schema_extra=ADVANCED,
    )
    penalty: Literal["discriminator", "group_gap", "mmd", "hsic"] = Field(
        "discriminator",
        title="Penalty",
        description="What says how unequal predictions are. discriminator: how well the group can be read from them. "
        "group_gap, mmd, hsic: closed forms without one. Each has its own range of λ: on drawn faces .1 to 3, .3 to "
        "10 and 5 to 150.",
        json_schema_extra=ADVANCED,
    )
    pseudo_labels: bool = Field(
        False,
        title="Pseudo labels",
        description="The tuning rows' labels are what the classifier says of them: it needs no labels there. Choosing "
        "λ still needs those of the validation split.",
        json_schema_extra=ADVANCED,
    )


class ReprogramOptions(AdversarialOptions):
    """Learn a trigger in front of the frozen classifier, against a discriminator of Z."""

    kind: Literal["reprogram"] = "reprogram"
    title = "Learned trigger"
    default_for = ("image", "text")
    suited: ClassVar[Suited] = {
        "text": {
            "discriminator_learning_rate": 0.01,
            "lam_groups": 2,
            "per_cell": 12,
            "discriminator_steps": 5,
            "along": "free",
        }
    }  # three groups and one logit: a small batch says next to nothing about the groups
    uses_trigger = True
    needs = Needs(gradients=True, parameters="the trigger: its pixels, or its words' vectors")
    learning_rate: float = Field(
        0.05,
        gt=0,
        le=1,
        title="Learning rate of the trigger",
        description="Adam, falling to zero on a cosine.",
        json_schema_extra=ADVANCED,
    )
    lam_groups: int = Field(
        4,
        ge=1,
        le=16,
        title="λ values per batch",
        description="Each batch is split over this many stratified λ.",
        json_schema_extra=ADVANCED,
    )
    per_cell: int = Field(
        4,
        ge=1,
        le=256,
        title="Rows per λ, group and label",
        description="Batches are drawn evenly over the (group, label) cells and weighted back.",
        json_schema_extra=ADVANCED,
    )
    along: Literal["auto", "line", "free"] = Field(
        "auto",
        title="Anchors along λ",
        description="line: they are kept on a line over log λ, so that every one learns from the rows of all λ. free: "
        "each for itself. auto: on pictures a line for equalized odds; for demographic parity it was measured to hurt.",
        json_schema_extra=ADVANCED,
    )
    projection: bool = Field(
        False,
        title="Project the fairness gradient",
        description="As the authors' code: without its part along the fairness gradient. No gain was measured.",
        json_schema_extra=ADVANCED,
    )

    def is_on_line(self, criterion: CriterionOptions) -> bool:
        """Whether the anchors are kept on a line for this criterion."""
        return self.along == "line" or (self.along == "auto" and criterion.conditions_on_label)

    def n_rows(self, budget: Budget, base_rows: int) -> int:
        return 2 * budget.steps * 4 * self.lam_groups * self.per_cell  # four cells; validation costs as much again


class AdversarialTrainingOptions(AdversarialOptions):
    """What adversarial trainings of the weights share."""

    needs = Needs(weights="all", gradients=True, parameters="a classifier for every λ")
    one_by_one = True
    lam = ADVERSARIAL_LAM
    suited: ClassVar[Suited] = {"text": {"discriminator_learning_rate": 0.01, "discriminator_steps": 5, "per_cell": 8}}
    per_cell: int = Field(
        16,
        ge=1,
        le=256,
        title="Rows per group and label",
        description="Batches are drawn evenly over the (group, label) cells and weighted back.",
        json_schema_extra=ADVANCED,
    )


class AdvPostOptions(AdversarialTrainingOptions):
    """Tune the weights of the base on the tuning rows, against a discriminator of Z."""

    kind: Literal["adv_post"] = "adv_post"
    title = "AdvPost"
    steps: int = Field(200, ge=1, le=100_000, title="Steps", description="For one λ; at most those of the budget.")
    rate: float = Field(
        0.25,
        gt=0,
        le=1,
        title="Learning rate",
        description="As a share of the base's, falling to zero on a cosine.",
        json_schema_extra=ADVANCED,
    )

    def n_rows(self, budget: Budget, base_rows: int) -> int:
        return 2 * min(self.steps, budget.steps) * 4 * self.per_cell


class AdvInOptions(AdversarialTrainingOptions):
    """Train new weights on the training rows, against a discriminator of Z from the first step on."""

    kind: Literal["adv_in"] = "adv_in"
    title = "AdvIn"
    learns_from = "train"
    length: float = Field(
        0.5,
        gt=0,
        le=4,
        title="Length",
        description="Rows seen for one λ, as a share of what the base was trained on.",
    )

    def n_rows(self, budget: Budget, base_rows: int) -> int:
        return round(self.length * base_rows)


class RandomTriggerOptions(MethodOptions):
    """Control: the untrained trigger, as it starts."""

    kind: Literal["random_trigger"] = "random_trigger"
    title = "Untrained trigger"
    default_for = ("image",)
    is_control = True
    uses_trigger = True
    needs = Needs(labels=False, parameters="the trigger, not learned")
    modalities = ("image",)


class RandomWordsOptions(MethodOptions):
    """Control: words drawn from the vocabulary in the trigger's place."""

    kind: Literal["random_words"] = "random_words"
    title = "Random words"
    default_for = ("text",)
    is_control = True
    uses_trigger = True
    needs = Needs(labels=False, parameters="the trigger, not learned")
    modalities = ("text",)


class NeutralWordsOptions(MethodOptions):
    """Control: words that say nothing in the trigger's place."""

    kind: Literal["neutral_words"] = "neutral_words"
    title = "Neutral words"
    default_for = ("text",)
    is_control = True
    uses_trigger = True
    needs = Needs(labels=False, parameters="the trigger, not learned")
    modalities = ("text",)
    words: str = Field(
        "it is what it is and so on",
        min_length=1,
        max_length=200,
        title="Neutral words",
        description="As many of them as the trigger has, from the beginning and again where they end.",
        json_schema_extra=ADVANCED,
    )


class LastLayerOptions(MethodOptions):
    """Refit the last layer of the classifier, with a penalty on the gap."""

    kind: Literal["last_layer"] = "last_layer"
    title = "Last layer refitted"
    needs = Needs(weights="last layer", parameters="the last layer: (features + 1) × labels")
    lam = SQUARED_GAP_LAM
    rows: Literal["natural", "balanced"] = Field(
        "natural",
        title="Mix of the rows",
        description="natural: as they come. balanced: every group and label counts alike.",
        json_schema_extra=ADVANCED,
    )
    ridge: float = Field(
        1e-4,
        ge=0,
        le=10,
        title="Pull to the old layer",
        description="Weight of the squared distance from the classifier's own last layer, on standardised features.",
        json_schema_extra=ADVANCED,
    )


class LeaceOptions(MethodOptions):
    """Erase the group from the features, so that no linear model can read it; λ is a strength, 0 to 1."""

    kind: Literal["leace"] = "leace"
    title = "LEACE"
    needs = Needs(parameters="a projection of the features, of the rank of groups, or groups × labels")
    packages = ("torch", "concept-erasure")
    lam = STRENGTH_LAM


class OutputShiftOptions(MethodOptions):
    """Add a learned constant to the logits: another threshold, the same for everybody."""

    kind: Literal["output_shift"] = "output_shift"
    title = "Shifted logits"
    needs = Needs(parameters="one number per label but the first")
    lam = SQUARED_GAP_LAM


class GroupThresholdsOptions(MethodOptions):
    """A threshold of its own for every group, with some answers drawn by lot; λ is a strength, 0 to 1."""

    kind: Literal["group_thresholds"] = "group_thresholds"
    title = "Thresholds per group"
    needs = Needs(group_at_prediction=True, parameters="six numbers per group")
    packages = ("torch", "fairlearn")
    lam = STRENGTH_LAM


class MajorityOptions(MethodOptions):
    """Always answer the most frequent label; one point, for comparison."""

    kind: Literal["majority"] = "majority"
    title = "Most frequent label"
    needs = Needs(parameters="one number per label but the first")
    lam = SINGLE_LAM


METHODS: dict[str, Entry[MethodOptions]] = {
    "reprogram": Entry(ReprogramOptions, "fairprog_core.methods.reprogramming.trigger_curve:TriggerCurve"),
    "adv_post": Entry(AdvPostOptions, "fairprog_core.methods.adversarial:AdvPost"),
    "adv_in": Entry(AdvInOptions, "fairprog_core.methods.adversarial:AdvIn"),
    "last_layer": Entry(LastLayerOptions, "fairprog_core.methods.last_layer:LastLayer"),
    "leace": Entry(LeaceOptions, "fairprog_core.methods.leace:Leace"),
    "output_shift": Entry(OutputShiftOptions, "fairprog_core.methods.bias_shift:OutputShift"),
    "group_thresholds": Entry(GroupThresholdsOptions, "fairprog_core.methods.group_thresholds:GroupThresholds"),
    "majority": Entry(MajorityOptions, "fairprog_core.methods.bias_shift:Majority"),
    "random_trigger": Entry(RandomTriggerOptions, "fairprog_core.methods.controls:RandomTrigger"),
    "random_words": Entry(RandomWordsOptions, "fairprog_core.methods.controls:RandomWords"),
    "neutral_words": Entry(NeutralWordsOptions, "fairprog_core.methods.controls:NeutralWords"),
}


def register(key: str, entry: Entry[MethodOptions]) -> None:
    """Add a method of another package; see ``common.plugins``.

    Raises:
        ConfigError: the key exists already, or is not that of the options.
    """
    add(METHODS, key, entry, noun="method")
