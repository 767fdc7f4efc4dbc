"""Methods: what can be chosen. Torch-free; an implementation is imported when it is used."""

from typing import ClassVar, Literal

from pydantic import Field

from fairprog_core.options import Modality, Options
from fairprog_core.registry import Entry


class MethodOptions(Options):
    """What every method shares."""

    kind: str
    is_control: ClassVar[bool] = False  # controls are not learned; they stand beside every curve
    modalities: ClassVar[tuple[Modality, ...]] = ("image", "text")


class ReprogramOptions(MethodOptions):
    """Learn a trigger in front of the frozen classifier, against a discriminator of Z."""

    kind: Literal["reprogram"] = "reprogram"
    learning_rate: float = Field(
        0.05,
        gt=0,
        le=1,
        title="Learning rate of the trigger",
        description="Adam, falling to zero on a cosine.",
        json_schema_extra={"advanced": True},
    )
    discriminator_learning_rate: float = Field(
        3e-3,
        gt=0,
        le=1,
        title="Learning rate of the discriminator",
        description="Adam, constant.",
        json_schema_extra={"advanced": True},
    )
    lam_groups: int = Field(
        4,
        ge=1,
        le=16,
        title="λ values per batch",
        description="Each batch is split over this many stratified λ.",
        json_schema_extra={"advanced": True},
    )
    per_cell: int = Field(
        4,
        ge=1,
        le=256,
        title="Rows per λ, group and label",
        description="Batches are drawn evenly over the (group, label) cells and weighted back.",
        json_schema_extra={"advanced": True},
    )
    discriminator_steps: int = Field(
        2,
        ge=1,
        le=50,
        title="Discriminator steps",
        description="Steps of the discriminator per step of the trigger.",
        json_schema_extra={"advanced": True},
    )
    replay: int = Field(
        8,
        ge=1,
        le=64,
        title="Replay",
        description="The discriminator also learns from this many recent batches.",
        json_schema_extra={"advanced": True},
    )
    penalty: Literal["discriminator", "group_gap", "mmd", "hsic"] = Field(
        "discriminator",
        title="Penalty",
        description="What says how unequal predictions are. discriminator: how well the group can be read from them. "
        "group_gap, mmd, hsic: closed forms without one. Each has its own range of λ: on drawn faces .1 to 3, .3 to "
        "10 and 5 to 150.",
        json_schema_extra={"advanced": True},
    )
    pseudo_labels: bool = Field(
        False,
        title="Pseudo labels",
        description="The tuning rows' labels are what the classifier says of them: it needs no labels there. Choosing "
        "λ still needs those of the validation split.",
        json_schema_extra={"advanced": True},
    )
    projection: bool = Field(
        False,
        title="Project the fairness gradient",
        description="As the authors' code: without its part along the fairness gradient. No gain was measured.",
        json_schema_extra={"advanced": True},
    )


class RandomTriggerOptions(MethodOptions):
    """Control: the untrained trigger, as it starts."""

    kind: Literal["random_trigger"] = "random_trigger"
    is_control = True
    modalities = ("image",)


class RandomWordsOptions(MethodOptions):
    """Control: words drawn from the vocabulary in the trigger's place."""

    kind: Literal["random_words"] = "random_words"
    is_control = True
    modalities = ("text",)


class NeutralWordsOptions(MethodOptions):
    """Control: words that say nothing in the trigger's place."""

    kind: Literal["neutral_words"] = "neutral_words"
    is_control = True
    modalities = ("text",)
    words: str = Field(
        "it is what it is and so on",
        min_length=1,
        max_length=200,
        title="Neutral words",
        description="As many of them as the trigger has, from the beginning and again where they end.",
        json_schema_extra={"advanced": True},
    )


METHODS = {
    "reprogram": Entry(ReprogramOptions, "fairprog_core.methods.learner:learner"),
    "random_trigger": Entry(RandomTriggerOptions, "fairprog_core.methods.controls:RandomTrigger"),
    "random_words": Entry(RandomWordsOptions, "fairprog_core.methods.word_controls:RandomWords"),
    "neutral_words": Entry(NeutralWordsOptions, "fairprog_core.methods.word_controls:NeutralWords"),
}
