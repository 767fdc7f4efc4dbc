"""The data that Python sends to the script of the demo on the page Start.

A *stop* is a position of the slider: first no trigger, then every λ.
"""

from typing import TYPE_CHECKING, NotRequired, TypedDict

if TYPE_CHECKING:  # Start is drawn without the options
    from fairprog_core.common.options import Modality


class DemoExample(TypedDict):
    """One test row, what it is called at every stop, and whether that is right.

    Attributes:
        name: its group and label.
        is_gain: whether its answer becomes right at the chosen λ.
        predictions: what it is called, per stop.
        is_right: per stop.
        large: of a picture: drawn for the eye, a data URI.
        seen: of a picture: the classifier's pixels without the trigger.
        framed: of a picture: the classifier's pixels with the trigger at the chosen λ; null: made from ``seen``.
        scores: of a text.
    """

    name: str
    is_gain: bool
    predictions: list[str]
    is_right: list[bool]
    large: NotRequired[str]
    seen: NotRequired[str]
    framed: NotRequired[str | None]
    scores: "NotRequired[DemoScores]"


class DemoScores(TypedDict):
    """A text and P(positive): per stop, and with random words in the trigger's place."""

    text: str
    probabilities: list[float]
    control: float | None


class DemoExamples(TypedDict):
    """The examples, and the triggers at every λ: pictures and the photo's box, or words and their position.

    Attributes:
        triggers: per λ a data URI or a list of words.
        examples: the test rows, in the order in which they are shown.
        box: top, left, height and width of the photo in the picture, as shares of the picture's side.
        is_behind: whether the trigger's words follow the text.
        is_nearest: whether the words are the nearest ones to learned vectors.
        badge: the label of the trigger's words.
        sentences: texts that are scored already; the first one is shown at first.
        swaps: words for the same thing in different groups, "Muslims" and "Muslim" in one list.
    """

    triggers: list[str] | list[list[str]]
    examples: list[DemoExample]
    box: NotRequired[list[float]]
    is_behind: NotRequired[bool]
    is_nearest: NotRequired[bool]
    badge: NotRequired[str]
    sentences: NotRequired[list[DemoScores]]
    swaps: NotRequired[list[list[str]]]


class DemoLine(TypedDict):
    """A rate of one group in plain words: "blond men recognised", "35 → 67 of 100"."""

    name: str
    value: str


class DemoStop(TypedDict):
    """A position of the slider.

    Attributes:
        name: of the stop.
        tick: its name below the slider.
        gap: the largest difference between groups, 0 … 1; null where it cannot be estimated.
        accuracy: 0 … 1.
        apart: "47 → 4 points apart."
        price: what that costs, as a sentence.
        terms: the same in the field's terms, with intervals.
        summary: the stop in one sentence, for screen readers.
        lines: rates of groups.
    """

    name: str
    tick: str
    gap: float | None
    accuracy: float | None
    apart: str
    price: str
    terms: str
    summary: str
    lines: list[DemoLine]


class DemoControl(TypedDict):
    """The control beside the claim: a trigger that was not trained."""

    name: str
    gap: float
    accuracy: float
    sentence: str


class DemoWords(TypedDict):
    """The labels and captions of the demo."""

    task: str
    slider: str
    chosen: str
    base: str
    x_title: str
    y_title: str
    chart: str
    drag: str
    without: str
    with_: str
    lock: str
    another: str
    loss: str
    ratio: str
    note: str
    right: str
    wrong: str
    input: str
    swap: str
    score: str
    control: str
    waiting: str
    seen: str
    drawn: str
    called: list[str]


class Demo(DemoExamples):
    """All data of the component.

    Attributes:
        modality: whether the examples are pictures or texts.
        stops: without a trigger, then at every λ.
        chosen: index of the stop whose λ was chosen on validation; of the last stop where none was.
        control: None where the study has none.
        words: labels and captions.
        typed: the scores of the text that was typed last; None where there is none yet.
        turn: the number of that text in the browser.
        problem: why a typed text has no scores; empty: there is no problem.
    """

    modality: "Modality"
    stops: list[DemoStop]
    chosen: int
    control: DemoControl | None
    words: DemoWords
    typed: DemoScores | None
    turn: int
    problem: str
