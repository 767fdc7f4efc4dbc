"""Options that no registry holds: one field of every sort."""

from typing import Annotated, Literal

from pydantic import Field

from fairprog_core.common.options import Options


class Cat(Options):
    """Sleeps."""

    kind: Literal["cat"] = "cat"
    lives: int = Field(9, ge=1, title="Lives")


class Dog(Options):
    """Barks."""

    kind: Literal["dog"] = "dog"
    legs: int = Field(4, ge=0, le=4, title="Legs")


AnyAnimal = Annotated[Cat | Dog, Field(discriminator="kind")]


class Everything(Options):
    """One of each."""

    share: float = Field(0.5, ge=0, le=1, title="Share", description="A share.")
    is_on: bool = Field(True, title="On")
    corner: Literal["left", "right"] | None = Field(None, title="Corner")
    numbers: tuple[float, ...] = Field((0.0, 0.3), min_length=1, title="Numbers")
    words: tuple[str, ...] = Field((), title="Words")
    note: str | None = Field(None, max_length=20, title="Note")
    table: dict[str, int] = Field(default_factory=dict, title="Table")
    animal: AnyAnimal = Field(Cat(lives=7), title="Animal")
    animals: tuple[AnyAnimal, ...] = Field((Cat(),), min_length=1, title="Animals")
    pet: Cat | None = Field(None, title="Pet")
    limit: int | None = Field(None, ge=1, title="Limit", json_schema_extra={"advanced": True})
