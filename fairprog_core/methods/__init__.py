"""Registry of methods and their options. Torch-free; an implementation is imported when it is used.

To add one: a file with a subclass of ``methods.base.Method``; its options class here, with ``title``, ``needs``,
its ranges of λ unless it uses a trigger, and defaults that suit a modality; one line in :data:`METHODS`. From another
package: one file and :func:`register`.
"""

from typing import ClassVar, Literal, NamedTuple

from pydantic import Field

from fairprog_core.common.lam_range import LamRange
from fairprog_core.common.options import ADVANCED, LATER, Modality
from fairprog_core.common.registry import Entry, EntryOptions, Suited, add
from fairprog_core.data.base import SplitName
from fairprog_core.training.budget import Budget
from fairprog_core.training.criteria import CriterionOptions


class Needs(NamedTuple):
    """Requirements of a method.

    Attributes:
        weights: which weights of the classifier it changes.
        gradients: whether it needs gradients through the classifier.
        group_at_prediction: whether it needs to know the group of a row to predict it.
        labels: whether it needs labels for its training rows.
        features: whether it needs what the classifier computes before its last layer.
        parameters: the learned parameters, in words.
    """

    weights: Literal["none", "last layer", "all"] = "none"
    gradients: bool = False
    group_at_prediction: bool = False
    labels: bool = True
    features: bool = False
    parameters: str = "nothing"

    @property
    def is_met_by_answers(self) -> bool:
        """Whether a classifier is enough that answers with probabilities alone."""
        return self.weights == "none" and not self.gradients and not self.features


class MethodOptions(EntryOptions):
    """Base of all methods."""

    is_control: ClassVar[bool] = False  # controls are not learned; every curve of a trigger is compared with them
    uses_trigger: ClassVar[bool] = False  # True: one curve per trigger; False: a single curve
    learns_from: ClassVar[SplitName] = "tune"
    needs: ClassVar[Needs] = Needs()
    lam: ClassVar[dict[str, LamRange]] = {}  # by criterion; methods with a trigger use the trigger's instead
    modalities: ClassVar[tuple[Modality, ...]] = ("image", "text")
    one_by_one: ClassVar[bool] = False  # whether it always trains once per λ
    needs_linear_head: ClassVar[bool] = False  # whether it replaces the classifier's last linear layer
    depends_on_seed: ClassVar[bool] = True  # False: solved exactly, so that other seeds give the same curve
    packages: ClassVar[tuple[str, ...]] = ("torch",)  # whose versions may change the results

    def n_rows(self, budget: Budget, base_rows: int) -> int:
        """Approximate number of rows in forward and backward passes of one training; for the progress bar only.

        Args:
            budget: of one training.
            base_rows: rows in the training of the base, counted once per epoch.
        """
        return 0


ADVERSARIAL_LAM: dict[str, LamRange] = {
    "equalized_odds": LamRange(low=0.5, high=8.0, grid=(0.5, 1.0, 2.0, 4.0, 8.0)),
    "demographic_parity": LamRange(low=0.5, high=3.0, grid=(1.0, 1.5, 2.0, 2.5, 3.0)),
}  # methods that train weights against a discriminator, once per λ
SQUARED_GAP_LAM = dict.fromkeys(
    ADVERSARIAL_LAM, LamRange(low=0.3, high=5.0, grid=(0.0, 0.3, 1.0, 2.0, 3.0, 5.0))
)  # methods that add λ · gap² to the loss
STRENGTH_LAM = dict.fromkeys(
    ADVERSARIAL_LAM, LamRange(low=0.2, high=1.0, grid=(0.0, 0.2, 0.4, 0.6, 0.8, 1.0))
)  # methods whose λ is the strength of a fixed change
SINGLE_LAM = dict.fromkeys(ADVERSARIAL_LAM, LamRange(low=0.5, high=1.0, grid=(1.0,)))  # methods without λ


class AdversarialOptions(MethodOptions):
    """Base of all methods that train against a discriminator of Z."""

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
        description="Steps of the discriminator per step of the trigger or the weights.",
        json_schema_extra=ADVANCED,
    )
    replay: int = Field(
        8,
        ge=1,
        le=64,
        title="Replay",
        description="The discriminator is trained on this many recent batches.",
        json_schema_extra=ADVANCED,
    )
    penalty: Literal["discriminator", "group_gap", "mmd", "hsic"] = Field(
        "discriminator",
        title="Fairness loss",
        description="discriminator: how well it predicts the group from the logits. group_gap, mmd, hsic: closed "
        "forms without a discriminator; each has its own range of λ: on drawn faces .1 to 3, .3 to 10 and 5 to 150.",
        json_schema_extra=ADVANCED,
    )
    pseudo_labels: bool = Field(
        False,
        title="Pseudo labels",
        description="Use the classifier's predictions as labels of the tuning rows, which then need none. Choosing λ "
        "still needs the labels of the validation split.",
        json_schema_extra=ADVANCED,
    )


class LearnedTriggerOptions(AdversarialOptions):
    """Base of the methods that learn a trigger for the frozen classifier, against a discriminator of Z."""

    uses_trigger = True
    learning_rate: float = Field(
        0.05,
        gt=0,
        le=1,
        title="Learning rate of the trigger",
        description="Adam, decayed to zero along a cosine.",
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
        description="Batches are drawn evenly over the (group, label) cells and reweighted to the natural mix.",
        json_schema_extra=ADVANCED,
    )
    along: Literal["auto", "line", "free"] = Field(
        "auto",
        title="Anchors along λ",
        description="line: the anchors stay on a line over log λ, so each learns from the rows of all λ. free: each "
        "learns by itself. auto: line for equalized odds, free for demographic parity, where a line hurt.",
        json_schema_extra=ADVANCED,
    )
    projection: bool = Field(
        False,
        title="Project the fairness gradient",
        description="As in the authors' code: remove the part of the utility gradient along the fairness gradient. "
        "No gain was measured.",
        json_schema_extra=ADVANCED,
    )

    def is_on_line(self, criterion: CriterionOptions) -> bool:
        """Whether the anchors are kept on a line for this criterion."""
        return self.along == "line" or (self.along == "auto" and criterion.conditions_on_label)


class ReprogramOptions(LearnedTriggerOptions):
    """Learn a trigger for the frozen classifier, against a discriminator of Z."""

    kind: Literal["reprogram"] = "reprogram"
    title = "Learned trigger"
    precision: Literal["float32", "bfloat16"] = Field(
        "float32",
        title="Precision while learning",
        description="Of the frozen classifier while a trigger is learned by its gradient. bfloat16 has two to three "
        "digits instead of seven; a step on photos of 224 px is 2.7 times as fast on processors with AMX. Searched "
        "words, validation and tests always use float32.",
        json_schema_extra=ADVANCED | LATER,
    )
    default_for = ("image", "text")
    suited: ClassVar[Suited] = {
        "text": {
            "discriminator_learning_rate": 0.01,
            "lam_groups": 2,
            "per_cell": 12,
            "discriminator_steps": 5,
            "along": "free",
        }
    }  # with three groups and one logit a small batch carries little information about the groups
    needs = Needs(gradients=True, parameters="the trigger: its pixels or word vectors")

    def n_rows(self, budget: Budget, base_rows: int) -> int:
        return 2 * budget.steps * 4 * self.lam_groups * self.per_cell  # four cells; validation costs as much again


class QueryReprogramOptions(LearnedTriggerOptions):
    """Learn a trigger from the classifier's answers alone: no gradients, and a number of queries that is set.

    One row sent is one query. Those of the validation and the test split are counted apart.
    """

    kind: Literal["query_reprogram"] = "query_reprogram"
    title = "Trigger learned by queries"
    needs = Needs(parameters="the trigger: its pixels or words")
    queries: int = Field(
        10_000,
        ge=100,
        le=100_000_000,
        title="Queries",
        description="Rows that may be sent to learn one trigger.",
    )
    learning_rate: float = Field(
        0.1,
        gt=0,
        le=1,
        title="Learning rate of the trigger",
        description="Adam, decayed to zero along a cosine.",
        json_schema_extra=ADVANCED,
    )
    per_cell: int = Field(
        2,
        ge=1,
        le=256,
        title="Rows per λ, group and label",
        description="Each is sent twice, with a change of the pixels and with its opposite.",
        json_schema_extra=ADVANCED,
    )
    tile: int = Field(
        4,
        ge=1,
        le=64,
        title="Side of the pattern",
        description="In pixels. Changes repeat with this period, as there are too many pixels to try each.",
        json_schema_extra=ADVANCED,
    )
    spread: float = Field(
        0.7,
        gt=0,
        le=5,
        title="Size of the changes",
        description="0.7 takes a grey pixel to .8 or .2.",
        json_schema_extra=ADVANCED,
    )

    def n_rows(self, budget: Budget, base_rows: int) -> int:
        return self.queries


class AdversarialTrainingOptions(AdversarialOptions):
    """Base of the methods that train weights adversarially."""

    needs = Needs(weights="all", gradients=True, parameters="a classifier for every λ")
    one_by_one = True
    lam = ADVERSARIAL_LAM
    suited: ClassVar[Suited] = {"text": {"discriminator_learning_rate": 0.01, "discriminator_steps": 5, "per_cell": 8}}
    per_cell: int = Field(
        16,
        ge=1,
        le=256,
        title="Rows per group and label",
        description="Batches are drawn evenly over the (group, label) cells and reweighted to the natural mix.",
        json_schema_extra=ADVANCED,
    )


class AdvPostOptions(AdversarialTrainingOptions):
    """Fine-tune the weights of the base on the tuning rows, against a discriminator of Z."""

    kind: Literal["adv_post"] = "adv_post"
    title = "AdvPost"
    steps: int = Field(200, ge=1, le=100_000, title="Steps", description="Steps per λ; at most those of the budget.")
    rate: float = Field(
        0.25,
        gt=0,
        le=1,
        title="Learning rate",
        description="As a share of the base's; decayed to zero along a cosine.",
        json_schema_extra=ADVANCED,
    )

    def n_rows(self, budget: Budget, base_rows: int) -> int:
        return 2 * min(self.steps, budget.steps) * 4 * self.per_cell


class AdvInOptions(AdversarialTrainingOptions):
    """Train new weights on the training rows, against a discriminator of Z from the first step."""

    kind: Literal["adv_in"] = "adv_in"
    title = "AdvIn"
    learns_from = "train"
    length: float = Field(
        0.5,
        gt=0,
        le=4,
        title="Training length",
        description="Training rows per λ over all epochs, as a share of those of the base.",
    )

    def n_rows(self, budget: Budget, base_rows: int) -> int:
        return round(self.length * base_rows)


class RandomTriggerOptions(MethodOptions):
    """Control: the untrained trigger."""

    kind: Literal["random_trigger"] = "random_trigger"
    title = "Untrained trigger"
    default_for = ("image",)
    is_control = True
    uses_trigger = True
    needs = Needs(labels=False, parameters="the trigger, not learned")
    modalities = ("image",)


class RandomWordsOptions(MethodOptions):
    """Control: random words of the vocabulary in place of the trigger."""

    kind: Literal["random_words"] = "random_words"
    title = "Random words"
    default_for = ("text",)
    is_control = True
    uses_trigger = True
    needs = Needs(labels=False, parameters="the trigger, not learned")
    modalities = ("text",)


class NeutralWordsOptions(MethodOptions):
    """Control: neutral words in place of the trigger."""

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
        description="As many as the trigger has words; repeated if there are fewer.",
        json_schema_extra=ADVANCED,
    )


class LastLayerOptions(MethodOptions):
    """Refit the last layer of the classifier with a penalty on the gap."""

    kind: Literal["last_layer"] = "last_layer"
    title = "Last layer refitted"
    needs_linear_head = True
    depends_on_seed = False
    needs = Needs(weights="last layer", features=True, parameters="the last layer: (features + 1) × labels")
    lam = SQUARED_GAP_LAM
    rows: Literal["natural", "balanced"] = Field(
        "natural",
        title="Weights of the rows",
        description="natural: every row counts the same. balanced: every (group, label) cell counts the same.",
        json_schema_extra=ADVANCED,
    )
    ridge: float = Field(
        1e-4,
        ge=0,
        le=10,
        title="Pull to the old layer",
        description="Weight of the squared distance to the classifier's own last layer, for standardised features.",
        json_schema_extra=ADVANCED,
    )


class LeaceOptions(MethodOptions):
    """Erase the group from the features, so that no linear model can predict it; λ is a strength, 0 to 1."""

    kind: Literal["leace"] = "leace"
    title = "LEACE"
    needs_linear_head = True
    depends_on_seed = False
    needs = Needs(features=True, parameters="a projection of the features, whose rank is groups or groups × labels")
    packages = ("torch", "concept-erasure")
    lam = STRENGTH_LAM


class OutputShiftOptions(MethodOptions):
    """Add a learned constant to the logits: another threshold, the same for all groups."""

    kind: Literal["output_shift"] = "output_shift"
    title = "Shifted logits"
    depends_on_seed = False
    needs = Needs(parameters="one number per label except the first")
    lam = SQUARED_GAP_LAM


class GroupThresholdsOptions(MethodOptions):
    """A separate threshold for every group, with some predictions drawn at random; λ is a strength, 0 to 1."""

    kind: Literal["group_thresholds"] = "group_thresholds"
    title = "Thresholds per group"
    depends_on_seed = False  # but for the rows whose prediction is drawn, one by one: the rows' interval covers them
    needs = Needs(group_at_prediction=True, parameters="six numbers per group")
    packages = ("torch", "fairlearn")
    lam = STRENGTH_LAM


class MajorityOptions(MethodOptions):
    """Always predict the most frequent label; a single point, for comparison."""

    kind: Literal["majority"] = "majority"
    title = "Most frequent label"
    depends_on_seed = False
    needs = Needs(parameters="one number per label except the first")
    lam = SINGLE_LAM


METHODS: dict[str, Entry[MethodOptions]] = {
    "reprogram": Entry(ReprogramOptions, "fairprog_core.methods.reprogramming.trigger_curve:TriggerCurve"),
    "query_reprogram": Entry(
        QueryReprogramOptions, "fairprog_core.methods.reprogramming.by_queries.query_curve:QueryCurve"
    ),
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
    """Register a method of another package; see ``common.plugins``.

    Raises:
        ConfigError: the key exists already, or differs from the options' ``kind``.
    """
    add(METHODS, key, entry, noun="method")
