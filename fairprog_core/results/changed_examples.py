"""Examples of a shipped study whose answers its trigger changes: ``examples.json`` in the study's folder. Torch-free.

Notation: k λ-values; a *stop* is no trigger, or one of the λ: k + 1 of them.
"""

import json
from functools import cache
from pathlib import Path
from typing import (
    Annotated,
    Literal,
    NotRequired,  # pydantic supports typing.TypedDict only from Python 3.12 on
)

from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict

from fairprog_core.common.errors import ArtifactError
from fairprog_core.common.home import is_file, replacing
from fairprog_core.results.curve import read_json, validate

FILE = "examples.json"
SCHEMA: Literal["fairprog.examples/1"] = "fairprog.examples/1"
REMEDY = "make it again with tools/examples.py"
Probability = Annotated[float, Field(ge=0, le=1)]
PictureUri = Annotated[str, Field(pattern=r"^data:image/(png|webp);base64,[A-Za-z0-9+/=]*$")]


class ScoredText(TypedDict):
    """A text and P(the last label) at every stop, and with random words in the trigger's place."""

    text: str
    probabilities: list[Probability]
    control: Probability | None


class ChangedExample(TypedDict):
    """A test row whose answer is another one with the trigger at the chosen λ.

    Attributes:
        row: its number in the test split.
        y: its label.
        z: its pattern code.
        is_gain: whether its answer became right.
        y_pred: the answer at every stop.
        large: of a picture: drawn for the eye.
        seen: of a picture: the pixels that the classifier gets without a trigger.
        framed: of a picture: the pixels that it gets with the trigger, at the chosen λ.
        scores: of a text.
    """

    row: int
    y: Annotated[int, Field(ge=0)]
    z: Annotated[int, Field(ge=0)]
    is_gain: bool
    y_pred: list[Annotated[int, Field(ge=0)]]
    large: NotRequired[PictureUri | None]
    seen: NotRequired[PictureUri]
    framed: NotRequired[PictureUri]
    scores: NotRequired[ScoredText]


class ChangedExamples(TypedDict):
    """The content of the file.

    Attributes:
        curve: key of the curve.
        lams: its k λ-values.
        n_weights: number of weights of the base, all frozen.
        n_gained: test rows whose answer became right at the chosen λ.
        n_lost: test rows whose answer became wrong.
        rows: the examples, in the order in which they are shown.
        sentences: further texts that are no test rows.
    """

    schema: Literal["fairprog.examples/1"]
    curve: str
    lams: list[float]
    n_weights: int
    n_gained: int
    n_lost: int
    rows: list[ChangedExample]
    sentences: list[ScoredText]


def write_examples(folder: Path, examples: ChangedExamples) -> Path:
    """Write ``examples.json`` into a study's folder, atomically; its path."""
    with replacing(folder / FILE) as part:
        part.write_text(json.dumps(examples, indent=1, allow_nan=False) + "\n", "utf-8")
    return folder / FILE


def read_examples(folder: Path, *, curve: str, n_labels: int) -> ChangedExamples | None:
    """The examples of one curve; None where the folder has none, or those of another curve.

    Raises:
        ArtifactError: the file is damaged.
    """
    path = folder / FILE
    if not is_file(path):
        return None
    found = validate(_adapter(), read_json(path, remedy=REMEDY), str(path))
    n_stops = len(found["lams"]) + 1
    codes = [code for row in found["rows"] for code in (row["y"], *row["y_pred"])]
    scored = [*found["sentences"], *(row["scores"] for row in found["rows"] if "scores" in row)]
    sizes = {len(row["y_pred"]) for row in found["rows"]} | {len(text["probabilities"]) for text in scored}
    if sizes - {n_stops} or max(codes, default=0) >= n_labels:
        raise ArtifactError(f"{path} is damaged (answers do not fit labels and λ); {REMEDY}.")
    return found if found["curve"] == curve else None


@cache
def _adapter() -> TypeAdapter[ChangedExamples]:
    return TypeAdapter(ChangedExamples)
