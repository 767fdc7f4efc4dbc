"""Another base, on which the triggers of a study are evaluated too. Torch-free."""

from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, Field

from fairprog_core.classifiers import CLASSIFIERS
from fairprog_core.common.errors import escaped
from fairprog_core.common.options import Options
from fairprog_core.common.registry import any_entry

if TYPE_CHECKING:
    AnyClassifier: TypeAlias = Any
else:
    AnyClassifier = any_entry(CLASSIFIERS)


def _is_plain(name: str) -> str:
    """Refuse control characters, because names are printed in terminals and tables."""
    if escaped(name) != name:
        raise ValueError("a name must not hold control characters")
    return name


Name = Annotated[str, AfterValidator(_is_plain)]


class TransferTarget(Options):
    """A base that no trigger of the study was trained on; empty fields are as in the study."""

    kind: Literal["other_base"] = "other_base"
    name: Name = Field(
        "", max_length=80, title="Name", description="In tables. Empty: classifier and seed of the base."
    )
    classifier: AnyClassifier | None = Field(None, title="Classifier", description="Empty: the study's.")
    base_seed: int | None = Field(
        None,
        ge=0,
        le=2**31 - 1,
        title="Seed of the base classifier",
        description="Empty: the study's seed of the base.",
    )


def base_name(classifier: Any, seed: int) -> str:
    """The name of a base in tables, e.g. "residual net, seed 0"."""
    return f"{classifier.kind.replace('_', ' ')}, seed {seed}"
