"""Registry of triggers and their options. Torch-free; an implementation is imported when it is used.

To add one: a file with a subclass of ``triggers.image.ImageTrigger`` or ``triggers.text.TextTrigger``; its options
class here, with ``title`` and the useful range of λ for every criterion; one line in :data:`TRIGGERS`. From another
package: one file and :func:`register`.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from fairprog_core.common.lam_range import LamRange
from fairprog_core.common.options import ADVANCED, Modality
from fairprog_core.common.registry import Entry, EntryOptions, add

Corner = Literal["top left", "top right", "bottom left", "bottom right"]


class TriggerOptions(EntryOptions):
    """Base of all triggers."""

    modality: ClassVar[Modality] = "image"
    lam: ClassVar[dict[str, LamRange]] = {
        "equalized_odds": LamRange(),
        "demographic_parity": LamRange(
            low=0.3, high=6.0, grid=(0.0, 0.3, 0.6, 1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0)
        ),
    }  # by criterion; the useful range on the shipped data sets

    @property
    def can_be_queried(self) -> bool:
        """Whether it can be learned from a classifier's answers alone, without gradients."""
        return False


class ImageTriggerOptions(TriggerOptions):
    """Base of all image triggers."""

    pixels: Literal["printable", "tanh"] = Field(
        "printable",
        title="Pixel range",
        description="printable: colours from 0 to 1, so the trigger can be printed. tanh: the paper's range, −1 to 1.",
        json_schema_extra=ADVANCED,
    )
    anchors: int = Field(
        6,
        ge=1,
        le=16,
        title="Anchors over λ",
        description="Number of triggers learned along λ; between them the trigger is interpolated.",
        json_schema_extra=ADVANCED,
    )

    @property
    def can_be_queried(self) -> bool:
        return self.pixels == "printable"  # others are no pixels of a picture file


class BorderOptions(ImageTriggerOptions):
    """A learned frame around the photo, which is shrunk."""

    kind: Literal["border"] = "border"
    title = "Border"
    default_for = ("image",)
    photo: float = Field(
        0.84,
        ge=0.3,
        le=0.97,
        title="Size of the photo",
        description="Side of the shrunk photo as a share of the side of the picture.",
    )


class FrameOptions(ImageTriggerOptions):
    """A learned overlay on the outermost pixels; the photo is not shrunk."""

    kind: Literal["frame"] = "frame"
    title = "Frame"
    width: float = Field(
        0.08,
        ge=0.01,
        le=0.4,
        title="Width of the frame",
        description="As a share of the side of the picture.",
    )


class PatchOptions(ImageTriggerOptions):
    """A learned square that covers a part of the photo."""

    kind: Literal["patch"] = "patch"
    title = "Patch"
    lam = TriggerOptions.lam | {
        "equalized_odds": LamRange(low=0.3, high=15.0, grid=(0.0, 0.3, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 10.0))
    }
    size: float = Field(
        0.3125,
        ge=0.05,
        le=0.8,
        title="Size of the patch",
        description="Side of the patch as a share of the side of the picture.",
    )
    corner: Corner | None = Field("top left", title="Corner", description="Empty: at the position below.")
    left: float = Field(
        0.0,
        ge=0,
        le=1,
        title="Left",
        description="Used without a corner. Distance from the left edge as a share of the free width.",
        json_schema_extra=ADVANCED,
    )
    top: float = Field(
        0.0,
        ge=0,
        le=1,
        title="Top",
        description="Used without a corner. Distance from the top edge as a share of the free height.",
        json_schema_extra=ADVANCED,
    )


class LearnedMaskOptions(ImageTriggerOptions):
    """A limited number of pixels anywhere; both their positions and their values are learned."""

    kind: Literal["learned_mask"] = "learned_mask"
    title = "Learned mask"
    area: Literal["everywhere", "frame"] = Field(
        "everywhere",
        title="Area",
        description="Where pixels may be chosen. frame: only within the width below from the edge.",
    )
    width: float = Field(
        0.16,
        ge=0.01,
        le=0.49,
        title="Width of the frame",
        description="Used with frame. As a share of the side of the picture.",
        json_schema_extra=ADVANCED,
    )
    share: float = Field(
        0.1,
        ge=0.002,
        le=0.9,
        title="Share of pixels",
        description="Share of the picture's pixels that the trigger sets.",
    )

    @property
    def can_be_queried(self) -> bool:
        return False  # the places of its pixels are learned by gradients


Word = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^\S+$")]


class TextTriggerOptions(TriggerOptions):
    """Base of all text triggers."""

    modality: ClassVar[Modality] = "text"
    lam = TriggerOptions.lam | {
        "equalized_odds": LamRange(low=1.0, high=20.0, grid=(0.0, 0.25, 0.5, 1.0, 2.0, 3.0, 4.0, 6.0))
    }
    n_words: int = Field(5, ge=1, le=16, title="Words", description="Number of words or vectors added to every text.")
    position: Literal["start", "end"] = Field(
        "start", title="Position", description="start: before the text. end: after it."
    )
    allowed: tuple[Word, ...] = Field(
        (),
        title="Allowed words",
        description="Words that the trigger may use or start from; empty: all whole words of the vocabulary.",
        json_schema_extra=ADVANCED,
    )
    banned: tuple[Word, ...] = Field(
        (), title="Banned words", description="Words that the trigger may not use.", json_schema_extra=ADVANCED
    )


class SoftOptions(TextTriggerOptions):
    """Learned word vectors, which need not belong to real words."""

    kind: Literal["soft"] = "soft"
    title = "Soft words"
    default_for = ("text",)
    space: Literal["free", "simplex"] = Field(
        "free",
        title="Space",
        description="free: any vector. simplex: mixtures of the vocabulary's word vectors, as in the paper.",
        json_schema_extra=ADVANCED,
    )
    anchors: int = Field(
        5, ge=1, le=16, title="Anchors over λ",
        description="Number of triggers learned along λ; between them the trigger is interpolated.",
        json_schema_extra=ADVANCED,
    )  # fmt: skip


class HardOptions(TextTriggerOptions):
    """Real words, searched for at every reported λ."""

    kind: Literal["hard"] = "hard"
    title = "Hard words"
    lam = TriggerOptions.lam | {
        "equalized_odds": LamRange(low=0.1, high=2.0, grid=(0.0, 0.12, 0.16, 0.2, 0.25, 0.3, 0.4, 0.6))
    }  # few words cost much accuracy: beyond λ = 1 the trade-off is no longer useful
    search: Literal["ranked", "straight_through", "gumbel"] = Field(
        "ranked",
        title="Search",
        description="ranked: candidates are scored, the best gradients first. straight_through: the paper's. "
        "gumbel: straight_through with sampled words during training. The last two seldom leave their start words.",
        json_schema_extra=ADVANCED,
    )
    candidates: int = Field(
        12, ge=3, le=64, title="Candidates per step",
        description="A third are ranked by the gradient, a third use words near identity words, a third take words "
        "from the best sequence of another λ.",
        json_schema_extra=ADVANCED,
    )  # fmt: skip
    pool: int = Field(
        150, ge=1, le=5000, title="Words near identity words",
        description="Number of them; by cosine similarity of word vectors.",
        json_schema_extra=ADVANCED,
    )  # fmt: skip
    look_rows: int = Field(
        36, ge=8, le=10_000, title="Rows for the first score",
        description="Representative tuning rows on which every candidate is scored.",
        json_schema_extra=ADVANCED,
    )  # fmt: skip
    rows: int = Field(
        180, ge=16, le=100_000, title="Rows for the second score",
        description="Representative tuning rows on which a promising candidate is scored again.",
        json_schema_extra=ADVANCED,
    )  # fmt: skip
    finalists: int = Field(
        3, ge=1, le=16, title="Finalists",
        description="At the end this many of the best sequences of every λ are compared on validation rows.",
        json_schema_extra=ADVANCED,
    )  # fmt: skip
    final_rows: int = Field(
        300, ge=16, le=100_000, title="Rows for the finalists",
        description="Representative validation rows.",
        json_schema_extra=ADVANCED,
    )  # fmt: skip

    @property
    def can_be_queried(self) -> bool:
        return self.search == "ranked"


TRIGGERS: dict[str, Entry[TriggerOptions]] = {
    "border": Entry(BorderOptions, "fairprog_core.triggers.image:Border"),
    "frame": Entry(FrameOptions, "fairprog_core.triggers.image:Frame"),
    "patch": Entry(PatchOptions, "fairprog_core.triggers.image:Patch"),
    "learned_mask": Entry(LearnedMaskOptions, "fairprog_core.triggers.learned_mask:LearnedMask"),
    "soft": Entry(SoftOptions, "fairprog_core.triggers.text:Soft"),
    "hard": Entry(HardOptions, "fairprog_core.triggers.hard:Hard"),
}


def register(key: str, entry: Entry[TriggerOptions]) -> None:
    """Register a trigger of another package; see ``common.plugins``.

    Raises:
        ConfigError: the key exists already, or differs from the options' ``kind``.
    """
    add(TRIGGERS, key, entry, noun="trigger")
