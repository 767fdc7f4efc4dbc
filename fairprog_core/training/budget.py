"""How long one curve may train. Torch-free."""

from typing import ClassVar, Self

from pydantic import Field

from fairprog_core.common.options import ADVANCED, Options
from fairprog_core.common.registry import Suited


class Budget(Options):
    """How long one curve may train."""

    suited: ClassVar[Suited] = {
        "text": {"steps": 60, "validate_every": 20, "validate_rows": 480}
    }  # a step on texts costs ten times one on small pictures, and fewer are needed
    steps: int = Field(500, ge=1, le=100_000, title="Steps", description="Trigger steps of one curve.")
    seconds: float | None = Field(
        None,
        gt=0,
        title="Time limit in seconds",
        description="Of one curve; empty: none. The best iterate so far counts.",
    )
    validate_every: int = Field(
        50,
        ge=1,
        title="Steps between validations",
        description="The live curve moves at each of them.",
        json_schema_extra=ADVANCED,
    )
    validate_rows: int = Field(
        1000,
        ge=16,
        title="Rows of a validation",
        description="Of the validation split, drawn evenly; λ is chosen at last on all of it.",
        json_schema_extra=ADVANCED,
    )
    patience: int | None = Field(
        None,
        ge=1,
        title="Early stop",
        description="Validations without a better front before a curve stops; empty: never.",
        json_schema_extra=ADVANCED,
    )

    def of(self, steps: int) -> Self:
        """The same for a training of so many steps: validations that would come later are one at its end."""
        return self.model_copy(update={"steps": steps, "validate_every": min(self.validate_every, steps)})
