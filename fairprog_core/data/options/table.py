"""The options of a table of the user's own: which columns hold the input, the label, the groups and the split."""

from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from fairprog_core.common.options import ADVANCED, FOLDERS, HUB, LATER, NEEDED, Modality, Options, PathRule, PathText
from fairprog_core.data.options.base import DatasetOptions, names


def _as_text(value: Any) -> Any:
    """A number or a truth value of TOML or JSON as it stands in a table."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


ColumnName = Annotated[str, Field(max_length=200)]
CellText = Annotated[str, BeforeValidator(_as_text), Field(max_length=200)]

# owner/name of a data set on the hub, or owner/name/folder; what ends like a table is the path of a missing one:
ON_HUB = r"(?!(?i:.*\.(csv|tsv|txt|jsonl?|ndjson|parquet|arrow|gz|zip|xlsx?)$))[\w-][\w.-]*/[\w.-]+(/[\w.-]+)*"

_NO_SPLIT = "Where the table has no column for it; a share of the rows, or a number of rows."


class SplitSizes(Options):
    """Sizes of the splits that are drawn: shares of the rows, or numbers of rows."""

    train: float = Field(0.5, ge=0, le=1e9, title="Training", description=_NO_SPLIT)
    tune: float = Field(0.2, gt=0, le=1e9, title="Tuning", description=_NO_SPLIT)
    val: float = Field(0.1, gt=0, le=1e9, title="Validation", description=_NO_SPLIT)
    test: float = Field(0.2, gt=0, le=1e9, title="Test", description=_NO_SPLIT)

    @property
    def are_shares(self) -> bool:
        """Whether the sizes are shares of the rows, not numbers of rows."""
        return max(self.train, self.tune, self.val, self.test) < 1

    @model_validator(mode="after")
    def _check(self) -> Self:
        sizes = {name: getattr(self, name) for name in SplitSizes.model_fields}
        total = sum(sizes.values())
        if self.are_shares:
            if total > 1 + 1e-9:
                raise ValueError(f"the shares sum to {total:g}; they may sum to 1 at most")
        elif wrong := next((name for name, size in sizes.items() if size != int(size)), None):
            raise ValueError(
                f"{wrong} is {sizes[wrong]:g} beside a number of rows; give four shares below 1, or four whole numbers"
            )
        return self


class TableOptions(DatasetOptions):
    """A table of your own, of texts or of pictures."""

    kind: Literal["table"] = "table"
    title = "Your own table"
    path: Annotated[str, PathRule(name=ON_HUB)] = Field(
        "", max_length=4096, title="Table", json_schema_extra=NEEDED | FOLDERS | HUB,
        description="Path of a CSV, TSV, JSONL or Parquet file (also .gz or in a .zip), of a folder of pictures, or of"
        " a saved Hugging Face data set, on the machine that trains; or owner/name of a data set on the hub.",
    )  # fmt: skip
    also: PathText = Field(
        "", max_length=4096, title="Second table", json_schema_extra=ADVANCED | FOLDERS | LATER,
        description="Path of a table whose columns are added, by the pictures' file names. Empty: none.",
    )  # fmt: skip
    text: ColumnName = Field("", title="Text", description="Column of the texts; empty: the table is one of pictures.")
    image: ColumnName = Field(
        "", title="Picture", description="Column of the pictures' file names; empty: the table is one of texts."
    )
    root: PathText = Field(
        "", max_length=4096, title="Folder of the pictures", json_schema_extra=FOLDERS,
        description="Folder or zip that their names begin in. Empty: that of the table.",
    )  # fmt: skip
    label: ColumnName = Field(
        "", title="Label", description="Column of what is predicted: two or more values.", json_schema_extra=NEEDED
    )
    threshold: float | None = Field(
        None, title="Threshold of the label", json_schema_extra=ADVANCED,
        description="Where the label is a score: the smallest one that counts as the label. Empty: it is no score.",
    )  # fmt: skip
    labels: tuple[CellText, ...] = Field(
        (), max_length=100, title="Labels", json_schema_extra=ADVANCED,
        description="The label's values in their order, or names for no and yes. Empty: as found, sorted.",
    )  # fmt: skip
    positive: CellText = Field(
        "", title="Positive label", json_schema_extra=ADVANCED,
        description="The value that counts as a yes; it comes last. Empty: the last one.",
    )  # fmt: skip
    group: ColumnName = Field(
        "", title="Group", description="Column that holds each row's group; an empty cell: the row is in none."
    )
    groups: tuple[ColumnName, ...] = Field(
        (), max_length=12, title="Columns of groups",
        description="Instead of one column: a column for each group, of yes and no or of scores. Groups may overlap.",
    )  # fmt: skip
    group_names: tuple[CellText, ...] = Field(
        (), max_length=32, title="Names of the groups", json_schema_extra=ADVANCED | LATER,
        description="Of one column: the values that are groups, in order, or names for its codes. Empty: as found.",
    )  # fmt: skip
    group_threshold: float = Field(
        0.5, title="Threshold of the groups", json_schema_extra=ADVANCED,
        description="Where columns of groups are scores: the smallest one at which a row is in the group.",
    )  # fmt: skip
    split: ColumnName = Field(
        "", title="Split", description="Column of train, tune, val and test. Empty: the splits are drawn."
    )
    split_sizes: SplitSizes = Field(
        default_factory=SplitSizes, title="Sizes of the splits", json_schema_extra=ADVANCED,
        description="Where they are drawn, evenly over label and group.",
    )  # fmt: skip
    weight: ColumnName = Field(
        "", title="Weight", json_schema_extra=ADVANCED,
        description="Column of how much each row counts in the natural mix of label and group. Empty: all alike.",
    )  # fmt: skip
    seed: int = Field(0, ge=0, le=2**31 - 1, title="Seed of the data", description="Draws the splits.")
    image_size: int = Field(64, ge=32, le=384, title="Image size", description="Side of the square pictures in pixels.")
    max_broken: float = Field(
        0.01, ge=0, le=1, title="Broken rows at most", json_schema_extra=ADVANCED,
        description="Share of the rows that may be broken; they are left out and listed.",
    )  # fmt: skip

    @classmethod
    def modality_in(cls, values: Mapping[str, object]) -> Modality:
        """Pictures where a column of pictures is named, else texts."""
        return "image" if values.get("image") else "text"

    @property
    def modality(self) -> Modality:  # type: ignore[override]
        """Pictures where a column of pictures is named, else texts."""
        return "image" if self.image else "text"

    def missing_field(self) -> str | None:
        """The first of path, text (or image), label and group (or groups) that is still empty, or None."""
        either = {"path": self.path, "text": self.text or self.image, "label": self.label}
        either["group"] = self.group or "".join(self.groups)
        return next((name for name, value in either.items() if not value.strip()), None)

    @field_validator("labels", "groups", "group_names", mode="before")
    @classmethod
    def _split_at_commas(cls, value: Any) -> Any:
        """Accept "no, yes" for ("no", "yes"), and an empty text for none."""
        return () if value == "" else names(value)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.text and self.image:
            raise ValueError(f"text ({self.text}) and image ({self.image}) are both given; give one of them")
        if self.group and self.groups:
            raise ValueError("group and groups are both given; give one column, or a column for each group")
        if len(self.groups) == 1:
            raise ValueError(f'groups names one column; give two or more, or group = "{self.groups[0]}"')
        columns = [self.text, self.image, self.label, self.group, *self.groups, self.split, self.weight]
        for what, chosen in (
            ("columns", list(filter(None, columns))),
            ("labels", list(self.labels)),
            ("group_names", list(self.group_names)),
        ):
            if twice := [name for name, n in Counter(chosen).items() if n > 1]:
                raise ValueError(f"{what}: {twice[0]} is named twice; name each once")
        if len(self.labels) == 1:
            raise ValueError("labels names one value; give two or more")
        if len(self.group_names) == 1:
            raise ValueError("group_names names one value; give two or more")
        if self.positive and self.labels and self.positive not in self.labels:
            raise ValueError(f"positive ({self.positive}) is not among labels ({', '.join(self.labels)})")
        return self
