"""What the script of the demo on the page Start is given.

A *stop* is a position of the slider: first no trigger, then every λ.
"""

from typing import TYPE_CHECKING, NotRequired, TypedDict

if TYPE_CHECKING:  # Start is drawn without the options
    from fairprog_core.common.options import Modality


class DemoExample(TypedDict):
    """One test row: a photo or a text, and what is said of it without a trigger and at every λ."""

    name: str
    says: list[str]
    is_right: list[bool]
    photo: NotRequired[str]
    text: NotRequired[str]


class DemoExamples(TypedDict):
    """The examples, and the triggers at every λ: pictures and the photo's box, or words and where they stand."""

    triggers: list[str] | list[list[str]]
    examples: list[DemoExample]
    box: NotRequired[list[float]]
    is_behind: NotRequired[bool]
    is_nearest: NotRequired[bool]
    badge: NotRequired[str]


class DemoFigure(TypedDict):
    """A figure without (None at the stop without a trigger) and with the trigger, and its interval."""

    before: str | None
    now: str
    note: str


class DemoStop(TypedDict):
    """A position of the slider; ``rates`` are by block and group, ``apart`` says by block how far groups lie apart."""

    name: str
    tick: str
    is_chosen: bool
    summary: str
    figures: list[DemoFigure]
    rates: list[list[float | None]]
    apart: list[str]


class DemoWords(TypedDict):
    """Everything that is written around it."""

    slider: str
    chosen: str
    figures: list[str]
    blocks: list[str]
    tick: str
    examples: str
    note: str
    right: str
    wrong: str


class Demo(DemoExamples):
    """What the component draws."""

    modality: "Modality"
    stops: list[DemoStop]
    groups: list[str]
    words: DemoWords
