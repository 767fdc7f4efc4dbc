"""How long one curve may train. Torch-free."""

from typing import ClassVar, Self

from pydantic import Field

from fairprog_core.common.options import ADVANCED, Options
from fairprog_core.common.registry import Suited


class Budget(Options):
    """How long one curve may train."""

    suited: ClassVar[Suited] = {
        "text": {"steps": 60, "validate_every": 20, "validate_rows": 480}
    }  # a step on texts takes ten times as long as on small pictures, and fewer steps are needed
    steps: int = Field(500, ge=1, le=100_000, title="Steps", description="Training steps of one curve.")
    seconds: float | None = Field(
        None,
        gt=0,
        title="Time limit in seconds",
        description="For one curve; empty: none. The best iterate so far is kept.",
    )
    validate_every: int = Field(
        50,
        ge=1,
        title="Steps between validations",
        description="The live curve is updated at each validation.",
        json_schema_extra=ADVANCED,
    )
    validate_rows: int = Field(
        1000,
        ge=16,
        title="Rows per validation",
        description="Drawn evenly from the validation split; the final choice of λ uses the whole split.",
        json_schema_extra=ADVANCED,
    )
    patience: int | None = Field(
        None,
        ge=1,
        title="Early stop",
        description="Training stops after this many validations without a better front; empty: never.",
        json_schema_extra=ADVANCED,
    )

    def of(self, steps: int) -> Self:
        """A copy for a training of ``steps`` steps; it validates at least once, after the last step."""
        return self.model_copy(update={"steps": steps, "validate_every": min(self.validate_every, steps)})
