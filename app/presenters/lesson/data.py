"""The data that Python sends to the script of the page Lesson; no figure of it is written down anywhere else.

Shares lie between 0 and 1. A *stop* is a position of the λ slider: first no trigger, then every λ.
"""

from typing import TypedDict

LessonMeasured = tuple[float | None, float | None, float | None]
"""A value and the ends of its 95 % interval; None where it is not estimable."""


class LessonGroup(TypedDict):
    """A group of the test rows.

    Attributes:
        name: as in the result.
        share: of all rows, in their natural mix.
        positive: the share of its rows with the positive label.
        hits: by the share of the group that is called positive, in even steps from 0 to 1: that of its positive rows.
        alarms: the same of its other rows.
    """

    name: str
    share: float
    positive: float
    hits: list[float]
    alarms: list[float]


class LessonRates(TypedDict):
    """The rates of one group: called positive, positive and called so, not positive and called so."""

    called: LessonMeasured
    hits: LessonMeasured
    alarms: LessonMeasured


class LessonStop(TypedDict):
    """The classifier at a stop.

    Attributes:
        gap: the largest difference of hits, or of false alarms, between two groups.
        noise: the gap that chance alone would show.
        called_gap: the largest difference of the shares that are called positive.
    """

    lam: float | None
    is_chosen: bool
    accuracy: LessonMeasured
    gap: LessonMeasured
    noise: float | None
    called_gap: LessonMeasured
    groups: list[LessonRates]


class LessonCondition(TypedDict):
    """What stood where the trigger stands, and what was measured then."""

    name: str
    value: LessonMeasured


class LessonLook(TypedDict):
    """Where the classifier looks: one share per condition, and the comparison with the control.

    Attributes:
        of: "hair" or "words".
        conditions: without a trigger, controls, with the trigger.
        control: the name of the control that comes nearest to the trigger.
        rest: the trigger minus that control, on the same rows.
        explained: the share of the trigger's effect that the control has as well.
        other: the conditions again, for what speaks for the positive label whatever is predicted; may be empty.
    """

    of: str
    conditions: list[LessonCondition]
    control: str
    rest: LessonMeasured
    explained: LessonMeasured
    other: list[LessonCondition]


class LessonProbe(TypedDict):
    """What classifiers of the group say about an empty input: the probability of one group, by condition.

    Attributes:
        group: the group whose probability moves most.
        conditions: their names.
        classifiers: per classifier its accuracy on real rows.
        values: per classifier and condition.
        picture: the empty input, where it is one; else empty.
    """

    group: str
    conditions: list[str]
    classifiers: list[LessonMeasured]
    values: list[list[float]]
    picture: str


class LessonChecked(TypedDict):
    """A figure of the last step before and with the trigger.

    Attributes:
        name: the key of its statement.
        before: without the trigger.
        after: with the trigger at the chosen λ.
        verdict: "yes", "no" or "unknown": whether the statement holds.
    """

    name: str
    before: LessonMeasured
    after: LessonMeasured
    verdict: str


class LessonExample(TypedDict):
    """A test row: its group, its label, its prediction at every stop, and a photo or words; what it lacks is empty.

    Attributes:
        said: the prediction by condition.
        maps: by condition, what speaks for the prediction: rows of numbers from 0 to 1.
        weights: by condition, how much every word counts for the positive class, -1 to 1.
    """

    group: int
    label: int
    predictions: list[int]
    said: dict[str, int]
    photo: str
    maps: dict[str, list[list[float]]]
    words: list[str]
    weights: dict[str, list[float]]


class LessonTrigger(TypedDict):
    """The triggers: pictures per λ and of controls, and the photo's place; or words per λ."""

    pictures: list[str]
    controls: dict[str, str]
    box: list[float]
    words: list[list[str]]
    is_behind: bool


class LessonStudy(TypedDict):
    """All of one study.

    Attributes:
        key: of its sentences, e.g. "faces".
        run: its id among the runs.
        modality: "image" or "text".
        labels: the negative label, the positive one.
        n: number of test rows.
        frozen: number of the classifier's weights.
        flips: of test rows: became right, became wrong.
        examples: explained test rows, the one first that is shown first.
        changed: test rows whose prediction changes at the chosen λ, as often gained and lost as all; may be empty.
        portraits: a positive row of each of two groups, drawn alike; may be empty.
        steps: of the training.
        majority: accuracy of always giving the more frequent label.
        levelled: the share of what the gap closed by that better groups lost.
    """

    key: str
    run: str
    modality: str
    labels: list[str]
    n: int
    frozen: int
    steps: int
    majority: float
    levelled: LessonMeasured
    flips: list[int]
    groups: list[LessonGroup]
    stops: list[LessonStop]
    look: LessonLook | None
    probe: LessonProbe | None
    checks: list[LessonChecked]
    examples: list[LessonExample]
    changed: list[LessonExample]
    portraits: list[LessonExample]
    trigger: LessonTrigger


class LessonPlan(TypedDict):
    """What a teacher's link sets.

    Attributes:
        data: the key of the study.
        language: None where the link leaves it to the browser.
        steps: the numbers of the steps, ascending.
        problem: what of the link is not known; empty where all is.
    """

    data: str
    language: str | None
    steps: list[int]
    problem: str
