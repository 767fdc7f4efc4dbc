"""A range of λ, the weight of fairness against accuracy. Torch-free."""

from typing import Self

from pydantic import Field, model_validator

from fairprog_core.common.options import Options


class LamRange(Options):
    """A range of λ and the values that are reported."""

    low: float = Field(
        0.3, gt=0, title="Lowest λ", description="Training covers low … high, and what is reported below."
    )
    high: float = Field(30.0, gt=0, title="Highest λ", description="No larger λ is trained.")
    grid: tuple[float, ...] = Field(
        (0.0, 0.3, 1.0, 2.0, 3.0, 4.0, 8.0, 15.0, 30.0),
        min_length=1,
        title="Reported values of λ",
        description="Every value is evaluated once on the test split.",
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"low ({self.low:g}) must be below high ({self.high:g})")
        if any(lam < 0 or lam > self.high for lam in self.grid):
            raise ValueError(f"every value of grid must lie in 0 … high ({self.high:g})")
        if list(self.grid) != sorted(set(self.grid)):
            raise ValueError("grid must be in ascending order, without repeats")
        return self
