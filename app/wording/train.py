"""Sentences of the page Train."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.wording.shared import common, inside
from fairprog_core.common.options import Options

TITLE = "Train a trigger"
LEAD = (
    "Choose what to train, or keep what is set: one click starts it, and the whole curve over λ grows while you watch."
)

THIS_STUDY = "This study"
MORE = "More options"
REST = "Everything else: seeds of the base, selection, mode, explanations, device"

PRESET = "Start from"
PLAN = "What will be computed"
LAMS = "Values of λ"
TRAIN = "Train"
TRAIN_HELP = "Puts the study into the queue; it goes on when this page is closed."
COMMAND = "The same on the command line"
CARD = "About the data"
ROWS = "A few of the comments"
ROWS_NOTE = "Each with its group and its label"
NO_TEXT = "(empty)"
NO_CARD = "This data set has no card."

UNDER_WAY = "**{name}** is {state}."
WATCH = "Watch it"
NEW = "New study"
OPEN = "Open the trade-off"
CANCEL = "Cancel"
CANCELLING = "Cancelling …"
RESUME = "Go on"
RESUME_HELP = "Goes on from the last checkpoint; finished curves are kept."
SHARE = "The address of this page opens this run, also after a reload."
GOES_ON = f"{SHARE} Training goes on when the page is closed."
WAITING = "Waiting for a worker. It starts as soon as one is free."
CURVE = "Curve"
FOLLOW = "the one that trains now"
TIME_LEFT = "{time} left"
ELAPSED = "{time} so far"
FAILED = "The run failed: {reason}"
LOST = (
    "The process that trained is gone. What was finished is kept; press “Go on” to continue from the last checkpoint."
)
CANCELLED = "Cancelled. What was finished is kept; press “Go on” to continue from the last checkpoint."
DONE = "Done in {time}."
BASE_TRAINS = "The base classifier is trained first; the curve follows."
NO_VALIDATION = "It ended before the first validation."
PREPARING = "The live chart appears with the first validation."

GAP = "Gap"
STEP = "Step"
EPOCH = "Epoch"
LOSS = "Utility loss"
BASE_LOSS = "Loss"
DISCRIMINATOR = "Accuracy"
CHANCE = "chance"
MAJORITY = "always the most frequent label"
BASE = "base, no trigger"
NOW = "now"
BEST = "best so far"
KEPT = "the trigger that is kept"
FINISHED = "finished curves"
VALIDATION_LABEL = "Accuracy against the gap on validation. One point per λ; the λ stands beside it."
LOSS_LABEL = "Utility loss: how well the classifier still does its task."
DISCRIMINATOR_LABEL = (
    "Discriminator: how well the group can be told from the predictions. Near chance is what λ asks for."
)
BASE_LABEL = "Loss of the base classifier while it is trained."


def options_of(name: str) -> str:
    """The heading of the folded options of one kind."""
    return f"{common.kind(name)}: options"


def missing_field(options: Options, name: str) -> str:
    """What has to be filled in before these options can be used."""
    field = type(options).model_fields[name]
    return f"{options_of(options.kind)}: fill in “{field.title}”. {field.description}"


def plan(*, names: list[str], criteria: list[str], seeds: int, curves: int, steps: int | None) -> str:
    """What a study computes, in one sentence; ``steps`` are left out where curves differ in them."""
    what = f"{_and(names)} for {_and([name.lower() for name in criteria])}"
    many = "1 curve" if curves == 1 else f"{curves} curves"
    each = "" if steps is None else f" of {steps:,} steps" if curves == 1 else f" of {steps:,} steps each"
    return f"{what}, {seeds} seed{'' if seeds == 1 else 's'}: {many}{each}."


def duration(found: float, trained: float) -> str:
    """How long a study takes in seconds of one core: where its base is found, and where it is trained first."""
    short, long = common.about(found), common.about(trained)
    tail = "" if short == long else f", {long} if the base has to be trained first"
    return f"Takes about {short} on one core{tail}."


def lam_range(curve: str, low: float, high: float) -> str:
    """The λ range of one curve of a trigger."""
    return f"{curve}: λ = 0 and {common.lam(low)} to {common.lam(high)}"


def lam_values(methods: Sequence[str], criteria: Sequence[str], grid: Sequence[float]) -> str:
    """The λ of methods without a trigger."""
    name = f"{_and(list(methods))}, {_and([each.lower() for each in criteria])}"
    return f"{name}: λ = {_and([common.lam(lam) for lam in grid])}"


NEEDS = "What the methods need"
NEEDS_NOTE = "Group when predicting: the group of every input must be known whenever it is classified."
NEEDS_COLUMNS = ("Method", "Changes weights", "Gradients", "Group when predicting", "Labels", "Adds or changes")
WEIGHTS = {"none": "no", "last layer": "the last layer", "all": "all"}


def yes(value: bool) -> str:
    """A cell of the table of needs."""
    return "yes" if value else "no"


def curve_name(trigger: str, criterion: str, seed: int | None = None, tuning_ratio: float | None = None) -> str:
    """A curve's name: "Border, equalized odds, seed 0"."""
    name = inside.curve_name(trigger, criterion, tuning_ratio)
    return name if seed is None else f"{name}, seed {seed}"


def chosen(row: Mapping[str, Any]) -> str:
    """The figures of one trigger and criterion at the λ chosen on validation, on test rows."""
    lams = sorted({float(lam) for lam in row["lam"]})
    lam = common.lam(lams[0]) if len(lams) == 1 else f"{common.lam(lams[0])} to {common.lam(lams[-1])}"
    name = curve_name(row["trigger"] or row["method"], row["criterion"], tuning_ratio=row.get("tuning_ratio"))
    gap = f"{common.metric(row['gap_name']).lower()} {common.number(row['base_gap'])} → **{common.number(row['gap'])}**"
    accuracy = f"accuracy {common.number(row['base_accuracy'])} → **{common.number(row['accuracy'])}**"
    return f"{name}: {gap}, {accuracy} on test rows, at λ = {lam}."


def epoch(number: int, epochs: int, accuracy: float | None) -> str:
    """Where the base's training stands."""
    tail = "" if accuracy is None else f", accuracy {common.number(accuracy)}"
    return f"Epoch {number} of {epochs}{tail}."


def _and(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
