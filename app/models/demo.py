"""The data that Python sends to the script of the demo on the page Start.

A *stop* is a position of the slider: first no trigger, then every λ.
"""

from typing import TYPE_CHECKING, NotRequired, TypedDict

if TYPE_CHECKING:  # Start is drawn without the options
    from fairprog_core.common.options import Modality


class DemoExample(TypedDict):
    """One test row: a photo or a text; its prediction, and whether it is right, at every stop."""

    name: str
    predictions: list[str]
    is_right: list[bool]
    photo: NotRequired[str]
    text: NotRequired[str]


class DemoExamples(TypedDict):
    """The examples, and the triggers at every λ: pictures and the photo's box, or words and their position.

    Attributes:
        triggers: per λ a data URI or a list of words.
        examples: the test rows.
        box: top, left, height and width of the photo in the picture, as shares of the picture's side.
        is_behind: whether the trigger's words follow the text.
        is_nearest: whether the words are the nearest ones to learned vectors.
        badge: the label of the trigger's words.
    """

    triggers: list[str] | list[list[str]]
    examples: list[DemoExample]
    box: NotRequired[list[float]]
    is_behind: NotRequired[bool]
    is_nearest: NotRequired[bool]
    badge: NotRequired[str]


class DemoFigure(TypedDict):
    """One figure at a stop: its value without a trigger (None at the stop without one), its value, its interval."""

    before: str | None
    now: str
    note: str


class DemoStop(TypedDict):
    """A position of the slider.

    Attributes:
        name: of the stop.
        tick: its name below the slider.
        is_chosen: whether its λ was chosen on validation.
        summary: the stop in one sentence, for screen readers.
        figures: the gap and the accuracy.
        rates: per block and group; None where a group has no rows.
        spreads: per block, the difference between the groups as text.
    """

    name: str
    tick: str
    is_chosen: bool
    summary: str
    figures: list[DemoFigure]
    rates: list[list[float | None]]
    spreads: list[str]


class DemoWords(TypedDict):
    """The labels and captions of the demo."""

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
    """All data of the component."""

    modality: "Modality"
    stops: list[DemoStop]
    groups: list[str]
    words: DemoWords
