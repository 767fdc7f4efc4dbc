"""The registry of data sets and their options. Torch-free; an implementation is imported when it is used.

To add a data set: a file with a subclass of ``data.base.Dataset``, whose docstring is its card; its options class here,
with ``title`` and ``modality``; one line in :data:`DATASETS`. Outside the package: one file and :func:`register`.
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, field_serializer, field_validator, model_validator

from fairprog_core.common.options import ADVANCED, FOLDERS, LATER, NEEDED, Modality, PathText
from fairprog_core.common.registry import Entry, add
from fairprog_core.data.identity_words import IDENTITY_WORDS
from fairprog_core.data.options.base import DatasetOptions, names
from fairprog_core.data.options.table import TableOptions

__all__ = [
    "DATASETS", "CelebAOptions", "CivilCommentsOptions", "CommentsOptions", "DatasetOptions", "FacesOptions",
    "TableOptions", "modality_of", "register",
]  # fmt: skip

AttributeName = Annotated[str, Field(min_length=1, max_length=80)]
FaceAttribute = Literal["blond", "smiling", "glasses", "wavy"]

_ALL_ROWS = "Empty: all that the split has."


class FacesOptions(DatasetOptions):
    """Drawn faces: is the hair blond? The label is correlated with the drawing style, female- or male-presenting."""

    kind: Literal["faces"] = "faces"
    title = "Drawn faces"
    target: tuple[FaceAttribute, ...] = Field(
        ("blond",), min_length=1, max_length=4, title="Label",
        description="What the classifier predicts; several attributes make one class of each combination.",
    )  # fmt: skip
    p_male: float = Field(
        0.45, ge=0.01, le=0.99, title="Share of male-presenting faces", description="In the natural mix of the data."
    )
    p_blond_female: float = Field(
        0.40,
        ge=0.01,
        le=0.99,
        title="Blond among female-presenting",
        description="The further from the next dial, the more biased.",
    )
    p_blond_male: float = Field(
        0.06,
        ge=0.01,
        le=0.99,
        title="Blond among male-presenting",
        description="Equal to the dial above: no bias in the data.",
    )
    separability: float = Field(
        0.85, ge=0, le=1.5, title="Separability of blond",
        description="Distance between the hair tones of blond and not blond; the lower, the more they overlap.",
    )  # fmt: skip
    image_size: int = Field(64, ge=32, le=256, title="Image size", description="Side of the square pictures in pixels.")
    seed: int = Field(0, ge=0, le=2**31 - 1, title="Seed of the data", description="Draws the faces.")
    n_train: int = Field(8000, ge=64, le=200_000, title="Training rows", description="For the base classifier.")
    n_tune: int = Field(
        4000, ge=64, le=200_000, title="Tuning rows", description="For the trigger; the base never saw them."
    )
    n_val: int = Field(
        4000, ge=16, le=100_000, multiple_of=4, title="Validation rows",
        description="Drawn evenly over label and group, weighted back; a multiple of the number of their pairs.",
        json_schema_extra=ADVANCED,
    )  # fmt: skip
    n_test: int = Field(
        2400, ge=16, le=100_000, multiple_of=4, title="Test rows",
        description="Drawn evenly over label and group, weighted back; a multiple of the number of their pairs.",
        json_schema_extra=ADVANCED,
    )  # fmt: skip

    @field_validator("target", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        """Accept "blond, smiling" for ("blond", "smiling")."""
        return names(value)

    @field_serializer("target")
    def _joined(self, target: tuple[str, ...]) -> str:
        """Attributes as one text, so that the content keys from when only one attribute was allowed stay valid."""
        return ", ".join(target)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if len(set(self.target)) < len(self.target):
            raise ValueError("an attribute is listed twice in target; name each once")
        n_cells = 2 * 2 ** len(self.target)
        for name in ("n_val", "n_test"):
            if (n := getattr(self, name)) % n_cells:
                raise ValueError(f"{name} ({n}) must be a multiple of {n_cells}, the pairs of label and group")
        return self


class CelebAOptions(DatasetOptions):
    """CelebA from a local folder."""

    kind: Literal["celeba"] = "celeba"
    title = "CelebA"
    root: PathText = Field(
        "", max_length=4096, title="Folder or zip", json_schema_extra=NEEDED | FOLDERS,
        description="Path of CelebA on the machine that trains: the official files, or those of Kaggle.",
    )  # fmt: skip
    target: tuple[AttributeName, ...] = Field(
        ("Blond_Hair",), min_length=1, max_length=4, title="Label",
        description="CelebA attributes to predict; several make one class of each combination.",
    )  # fmt: skip
    sensitive: tuple[AttributeName, ...] = Field(
        ("Male",), min_length=1, max_length=4, title="Sensitive attribute",
        description="CelebA attributes that make the groups; several make one group of each combination.",
    )  # fmt: skip
    image_size: int = Field(64, ge=64, le=224, title="Image size", description="Side of the square pictures in pixels.")
    tuning_ratio: float = Field(
        0.1, gt=0, lt=1, title="Tuning ratio",
        description="Share of the training images set aside for the trigger; the base never sees them.",
    )  # fmt: skip
    seed: int = Field(0, ge=0, le=2**31 - 1, title="Seed of the data", description="Draws the tuning set.")
    missing: Literal["refuse", "leave_out"] = Field(
        "refuse", title="Missing pictures", json_schema_extra=ADVANCED | LATER,
        description="Where the lists name pictures that are not there: refuse, or leave_out to use those that are.",
    )  # fmt: skip
    max_train: int | None = Field(
        None, ge=2, title="Training rows at most", description=_ALL_ROWS, json_schema_extra=ADVANCED
    )
    max_tune: int | None = Field(
        None, ge=2, title="Tuning rows at most", description=_ALL_ROWS, json_schema_extra=ADVANCED
    )
    max_val: int | None = Field(
        None, ge=2, title="Validation rows at most", description=_ALL_ROWS, json_schema_extra=ADVANCED
    )
    max_test: int | None = Field(
        None, ge=2, title="Test rows at most", description=_ALL_ROWS, json_schema_extra=ADVANCED
    )

    @field_validator("target", "sensitive", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        """Accept "Smiling, Young" for ("Smiling", "Young")."""
        return names(value)

    @model_validator(mode="after")
    def _check(self) -> Self:
        chosen = (*self.target, *self.sensitive)
        if repeated := sorted({name for name in chosen if chosen.count(name) > 1}):
            raise ValueError(f"{repeated[0]} is listed twice in target and sensitive; name each attribute once")
        return self


class CommentsOptions(DatasetOptions):
    """Made-up comments: is the comment toxic? The label is correlated with the religion that is mentioned."""

    modality: ClassVar[Modality] = "text"
    seconds_per_row: ClassVar[float] = 0.00005
    kind: Literal["comments"] = "comments"
    title = "Made-up comments"
    rho: float = Field(
        0.25, ge=0, le=0.35, title="Bias ρ",
        description="P(toxic) is .4 − ρ for Christian, .4 + ρ for Muslim, .4 for other; 0: no bias in the data.",
    )  # fmt: skip
    seed: int = Field(0, ge=0, le=2**31 - 1, title="Seed of the data", description="Writes the comments.")
    n_train: int = Field(8000, ge=64, le=200_000, title="Training rows", description="For the base classifier.")
    n_tune: int = Field(
        4000, ge=64, le=200_000, title="Tuning rows", description="For the trigger; the base never saw them."
    )
    n_val: int = Field(
        3000, ge=24, le=100_002, multiple_of=6, title="Validation rows",
        description="Drawn evenly over label and group, weighted back; a multiple of six.",
        json_schema_extra=ADVANCED,
    )  # fmt: skip
    n_test: int = Field(
        4500, ge=24, le=100_002, multiple_of=6, title="Test rows",
        description="Drawn evenly over label and group, weighted back; a multiple of six.",
        json_schema_extra=ADVANCED,
    )  # fmt: skip


class CivilCommentsOptions(DatasetOptions):
    """Civil Comments, as WILDS ships them, from a local file."""

    modality: ClassVar[Modality] = "text"
    seconds_per_row: ClassVar[float] = 0.0002
    kind: Literal["civil_comments"] = "civil_comments"
    title = "Civil Comments"
    root: PathText = Field(
        "", max_length=4096, title="Folder or file", json_schema_extra=NEEDED | FOLDERS,
        description="Path of all_data_with_identities.csv, or of its folder, on the machine that trains.",
    )  # fmt: skip
    identities: tuple[AttributeName, ...] = Field(
        ("christian", "muslim", "other_religions"), min_length=2, max_length=8, title="Identities",
        description=f"The groups: two or more of {', '.join(IDENTITY_WORDS)}; or all.",
    )  # fmt: skip
    threshold: float = Field(
        0.5, gt=0, le=1, title="Threshold",
        description="Smallest share of annotators at which a comment counts as toxic, or an identity as mentioned.",
        json_schema_extra=ADVANCED,
    )  # fmt: skip
    seed: int = Field(0, ge=0, le=2**31 - 1, title="Seed of the data", description="Draws the tuning set.")
    max_train: int | None = Field(
        None, ge=2, title="Training rows at most", description=_ALL_ROWS, json_schema_extra=ADVANCED
    )
    max_tune: int | None = Field(
        None, ge=2, title="Tuning rows at most", description=_ALL_ROWS, json_schema_extra=ADVANCED
    )
    max_val: int | None = Field(
        None, ge=2, title="Validation rows at most", description=_ALL_ROWS, json_schema_extra=ADVANCED
    )
    max_test: int | None = Field(
        None, ge=2, title="Test rows at most", description=_ALL_ROWS, json_schema_extra=ADVANCED
    )

    @field_validator("identities", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        """Accept "black, white" for ("black", "white"), and "all" for every identity."""
        given = names(value)
        return tuple(IDENTITY_WORDS) if given in ("all", ("all",), ["all"]) else given

    @model_validator(mode="after")
    def _check(self) -> Self:
        if unknown := [name for name in self.identities if name not in IDENTITY_WORDS]:
            raise ValueError(f"there is no identity {unknown[0]!r}; choose among {', '.join(IDENTITY_WORDS)}")
        if len(set(self.identities)) < len(self.identities):
            raise ValueError("an identity is listed twice; name each once")
        return self


DATASETS: dict[str, Entry[DatasetOptions]] = {
    "faces": Entry(FacesOptions, "fairprog_core.data.faces.dataset:Faces"),
    "celeba": Entry(CelebAOptions, "fairprog_core.data.celeba.dataset:CelebA"),
    "comments": Entry(CommentsOptions, "fairprog_core.data.comments.dataset:Comments"),
    "civil_comments": Entry(CivilCommentsOptions, "fairprog_core.data.civil_comments.dataset:CivilComments"),
    "table": Entry(TableOptions, "fairprog_core.data.table.dataset:OwnTable"),
}


def register(key: str, entry: Entry[DatasetOptions]) -> None:
    """Add a data set of another package; see ``common.plugins``.

    Raises:
        ConfigError: the key exists already, or differs from the ``kind`` of the options.
    """
    add(DATASETS, key, entry, noun="data set")


def modality_of(data: object) -> Modality:
    """The modality of a data set; "image" where the data set is not in the registry, or is none.

    Args:
        data: its options, their values by name, or its key in the registry. Where the modality depends on the values,
            a key alone has that of the defaults.
    """
    if isinstance(data, DatasetOptions):
        return data.modality
    values = data if isinstance(data, Mapping) else {"kind": data}
    kind = values.get("kind")
    entry = DATASETS.get(kind) if isinstance(kind, str) else None
    return entry.options.modality_in(values) if entry else "image"
