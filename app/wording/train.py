"""Sentences of the page Train."""

from collections.abc import Sequence

from app.wording.shared import common, inside
from fairprog_core.common.registry import EntryOptions
from fairprog_core.results.curve import Curve
from fairprog_core.results.result import Result
from fairprog_core.results.summary import SummaryRow

TITLE = "Train a trigger"
LEAD = "Choose data and press Train: you can watch the trigger as it learns."
CARDS = {
    "faces-quick": ("Drawn faces", "Is the hair blond? Answered worse for the style that is rarely blond."),
    "comments-quick": ("Made-up comments", "Is the comment toxic? Answered worse where a religion is named."),
    "own": ("Your own data", "A table of pictures or texts, each with a label and a group."),
}
"""Title and one line per card, by preset."""
CARD_COMMENT = "> “The people of the mosque helped us with the market stall.”"
CARD_FACES = "Three drawn faces"
TRIGGER_PICTURE = "A drawn face with an untrained trigger: {kind}"
CARD_CHOOSE = "Choose"
CARD_CHOSEN = "✓ Chosen"
WHICH_TRIGGER = "Which trigger?"
WHAT_IS_EQUAL = "What should be equal?"
CRITERIA = {
    "equalized_odds": (
        "Equal errors",
        "Among people with the same true label, no group is misjudged more often (equalized odds).",
    ),
    "demographic_parity": ("Equal rates", "Every group gets each answer equally often (demographic parity)."),
}
"""Name and one line per criterion, in plain words."""
TEXT_TRIGGERS = {
    "soft": "Vectors that are no words, put before the text.",
    "hard": "Real words, put before the text.",
}
EXPERT = "Expert: every setting, and other studies to start from"

THIS_STUDY = "This study"
MORE = "More options"
REST = "Everything else: seed of the base classifier, selection, mode, explanations, device"

FIRST_LOOK = "See how unequal the classifier is"
FIRST_LOOK_HELP = (
    "The frozen classifier predicts the validation rows; nothing is trained. It must be trained already: your own, a "
    "shipped one, or one of an earlier run."
)
OWN_MODEL = "Upload your own classifier"
OWN_MODEL_NOTE = (
    "A zip of a model's folder, as `save_pretrained()` of Hugging Face writes it: config.json, weights as "
    ".safetensors, and for texts the tokenizer. Up to {most} MB. Nothing in it is run; it stays frozen."
)
OWN_MODEL_FILE = "Zip of a model"
OWN_MODEL_CHOSEN = "Uploaded: {name}"
OWN_MODEL_LEAVE = "Use another"
OWN = "Your own data"
OWN_PRESET = "The table {name}, with the columns that you chose on the page Data."
OWN_TEXTS = "**{name}**: texts of the column *{input}*"
OWN_PICTURES = "**{name}**: pictures of the column *{input}*, {side} × {side} pixels"
OWN_MAPPING = "label *{label}*, groups *{groups}*"
OWN_CHANGE = "Change columns"
TO_DATA = "Use your own data"
PRESET = "Start from"
PLAN = "What will be computed"
LAMS = "Values of λ"
TRAIN = "Train"
TRAIN_HELP = "Queues the study. Training continues when you close this page."
COMMAND = "The same on the command line"
COMMAND_OF_FILE = "fairprog run study.toml"
FILE = "Download study.toml"
FILE_NAME = "study.toml"
CARD = "About the data"
ROWS = "A few of the comments"
ROWS_NOTE = "Each with its group and label"
NO_TEXT = "(empty)"
NO_CARD = "This data set has no description."

STAGES = {
    "data": "Data", "base": "Classifier", "triggers": "Learn", "evaluation": "Measure", "explain": "Look inside",
}  # fmt: skip
STAGE_DONE = "done"
STAGE_NOW = "under way"
STAGE_NEXT = "to come"
SOON = "a moment left"
APART = "Groups apart, in points"
RIGHT = "Right answers, of 100"
LIVE_SOON = "The trigger appears here with its first step, painted on six rows."
LOSSES = "The losses"
GAME = "The game: the trigger against the discriminator"
OVER_CHANCE = "Points over chance"
OVER_CHANCE_LABEL = (
    "How much better than chance the discriminator guesses the group from the classifier's answers. At 0 the answers "
    "tell nothing about the group: the trigger wins."
)
ANGLE = "Angle, degrees"
ANGLE_LABEL = (
    "Angle between the directions in which the two losses pull the trigger. Below 90 degrees what is fairer is also "
    "more often right; above, one is paid for with the other."
)
HOW = "How it was trained"
RING = "The ring marks the λ that is quoted: chosen on validation rows, measured on test rows."
TO_SALIENCY = "See where it looks"
TO_PROBE = "What the trigger says"
MEASURED = "The curve is measured; looking inside goes on, here and when you leave this page."

UNDER_WAY = "**{name}** is {state}."
WATCH = "Watch it"
NEW = "New study"
OPEN = "Open the trade-off"
CANCEL = "Cancel"
CANCELLING = "Cancelling …"
PAUSE = "Pause"
PAUSE_HELP = "It waits until you go on. After five minutes its worker is free for other runs, and nothing is lost."
GO_ON = "Go on"
IS_PAUSED = "Paused"
PAUSED = "Paused. After five minutes a checkpoint is written, and the worker is free for other runs."
PAUSED_FREE = "Paused. Its worker was freed after five minutes; “Go on” continues from the checkpoint."
RESUME = "Resume"
RESUME_HELP = "Continues from the last checkpoint; finished curves are kept."
SHARE = "The address of this page always opens this run."
CONTINUES = f"{SHARE} Training continues when you close the page."
WAITING = "The run is waiting. It starts as soon as a worker is free."
CURVE = "Curve"
FOLLOW = "the one in training"
TIME_LEFT = "{time} left"
ELAPSED = "{time} so far"
FAILED = "The run failed: {reason}"
LOST = (
    "The process that trained this run has ended unexpectedly. All finished curves are kept. Press “Resume” to "
    "continue from the last checkpoint."
)
CANCELLED = "Cancelled. All finished curves are kept. Press “Resume” to continue from the last checkpoint."
DONE = "Done in {time}."
BASE_TRAINS = "The base classifier is trained first; the curve follows."
NO_VALIDATION = "The run ended before its first validation."
PREPARING = "The live chart appears with the first validation."

GAP = "Gap"
STEP = "Step"
LOSS = "Utility loss"
BASE_LOSS = "Loss"
DISCRIMINATOR = "Accuracy"
CHANCE = "chance"
MAJORITY = "always the most frequent label"
BASE = "base, no trigger"
NOW = "now"
BEST = "best so far"
EARLIER = "earlier"
KEPT = "the final trigger"
OTHERS = "other curves"
VALIDATION_LABEL = "Accuracy against the gap on validation rows. Each point is one λ and is labelled with it."
LOSS_LABEL = "Utility loss: how well the classifier still predicts the label; lower is better."
DISCRIMINATOR_LABEL = (
    "Accuracy of the discriminator: how well it predicts the group from the classifier's logits. The fairness loss, "
    "which λ weighs, pushes it towards chance."
)
QUERIES = "In all, about {n:,} rows are sent to the black box, validation and test rows included."
BASE_LABEL = "Loss of the base classifier during its training."


def options_of(name: str) -> str:
    """The heading of the folded options of one registry entry."""
    return f"{common.kind(name)}: options"


def missing_field(options: EntryOptions, name: str) -> str:
    """Asks for the one field that these options need and that is still empty."""
    field = type(options).model_fields[name]
    return f"{options_of(options.kind)}: fill in “{field.title}”. {field.description}"


def plan(*, names: list[str], criteria: list[str], seeds: int, curves: int, length: str | None) -> str:
    """What a study computes, in one sentence; ``length`` is that of a curve, None if the curves differ in it."""
    what = f"{_and(names)} for {_and([name.lower() for name in criteria])}"
    many = "1 curve" if curves == 1 else f"{curves} curves"
    each = "" if length is None else f" of {length}" if curves == 1 else f" of {length} each"
    return f"{what}, {seeds} seed{'' if seeds == 1 else 's'}: {many}{each}."


def of_steps(n: int) -> str:
    """The length of a training."""
    return f"{n:,} steps"


def of_queries(n: int) -> str:
    """The length of a training of which only answers are known."""
    return f"{n:,} queries"


def duration(found: float, trained: float) -> str:
    """How long a study takes on one core of this machine.

    Args:
        found: seconds if the base classifier is in the cache.
        trained: seconds if the base classifier has to be trained first.
    """
    short, long = common.about(found), common.about(trained)
    tail = "" if short == long else f", {long} if the base has to be trained first"
    return f"Takes about {short} on this machine{tail}."


def takes(seconds: float) -> str:
    """How long a preset takes on this machine."""
    return f"About {common.about(seconds)} here"


def lam_range(curve: str, low: float, high: float) -> str:
    """The λ range of one curve of a trigger."""
    return f"{curve}: λ = 0 and {common.lam(low)} to {common.lam(high)}"


def lam_values(methods: Sequence[str], criteria: Sequence[str], grid: Sequence[float]) -> str:
    """The λ of methods without a trigger."""
    name = f"{_and(list(methods))}, {_and([each.lower() for each in criteria])}"
    return f"{name}: λ = {_and([common.lam(lam) for lam in grid])}"


NEEDS = "What the methods need"
NEEDS_NOTE = "“Group when predicting”: the method must know the group of every input that it classifies."
NEEDS_COLUMNS = ("Method", "Changes weights", "Gradients", "Group when predicting", "Labels", "Adds or changes")
WEIGHTS = {"none": "no", "last layer": "the last layer", "all": "all"}


def yes(value: bool) -> str:
    """A cell of the table of needs."""
    return "yes" if value else "no"


def curve_name(trigger: str, criterion: str, seed: int | None = None, tuning_ratio: float | None = None) -> str:
    """A curve's name: "Border, equalized odds, seed 0"."""
    name = inside.curve_name(trigger, criterion, tuning_ratio)
    return name if seed is None else f"{name}, seed {seed}"


def chosen(row: SummaryRow) -> str:
    """The figures of one trigger and criterion at the λ chosen on validation, on test rows."""
    lams = sorted({lam for lam in row["lam"] if lam is not None})
    lam = common.lam(lams[0]) if len(lams) == 1 else f"{common.lam(lams[0])} to {common.lam(lams[-1])}"
    name = curve_name(row["trigger"] or row["method"], row["criterion"] or "", tuning_ratio=row.get("tuning_ratio"))
    gap = f"{common.metric(row['gap_name']).lower()} {common.number(row['base_gap'])} → **{common.number(row['gap'])}**"
    accuracy = f"accuracy {common.number(row['base_accuracy'])} → **{common.number(row['accuracy'])}**"
    return f"{name}: {gap}, {accuracy} on test rows, at λ = {lam}."


def rough(n: int) -> str:
    """The name of the curve that is drawn before the first validation."""
    return f"first look, {n:,} rows"


def counted(lam: float, n: int, *, is_rough: bool) -> str:
    """On which rows, and at which λ, the large figures are."""
    rows = f"a first look at {n:,} validation rows" if is_rough else f"{n:,} validation rows"
    return f"At λ = {common.lam(lam)}, on {rows}; without the trigger → with it."


def live_rows(step: int, lam: float, nearest: Sequence[str]) -> str:
    """What the six rows show."""
    spelled = f" Nearest words now: {' '.join(nearest)}." if nearest else ""
    return (
        f"Step {step:,}, at λ = {common.lam(lam)}.{spelled} The validation rows of each group and label on which the "
        "classifier alone is least sure; the mark on a bar is where it stood."
    )


def row_title(label: str, groups: Sequence[str]) -> str:
    """Label and groups of one row."""
    return f"in truth {label}; {', '.join(groups)}" if groups else f"in truth {label}"


def spoken(*, is_right: bool) -> str:
    """Whether a verdict is right, for screen readers."""
    return "right" if is_right else "wrong"


def turned(label: str) -> str:
    """What the classifier said of a row whose verdict has turned."""
    return f"was {label}"


def share(label: str, before: float, after: float) -> str:
    """P(class) of a row without and with the trigger."""
    return f"P({label}) {before:.2f} → {after:.2f}"


def from_to(before: float | None, now: float | None) -> str:
    """A share without and with the trigger, in points of a hundred."""
    return " → ".join("–" if value is None else f"{100 * value:.0f}" for value in (before, now))


def intervals(row: SummaryRow) -> str:
    """What the counters show, and the 95 % intervals of their figures with the trigger."""
    gap = common.metric(row["gap_name"]).lower() if "gap_name" in row else GAP.lower()
    named = ((gap, row["gap_ci"]), ("accuracy", row["accuracy_ci"]))
    ends = ", ".join(f"{name} {100 * ci[0]:.0f} to {100 * ci[1]:.0f}" for name, ci in named if ci)
    return "On test rows, without the trigger → with it." + (
        f" 95 % intervals with the trigger: {ends}." if ends else ""
    )


def beside(curve: Curve, result: Result) -> list[str]:
    """The controls of a curve: how far the groups are apart with a trigger that has learned nothing."""
    found = []
    for method, points in result.controls_of(curve).items():
        gap = points.metric(curve.gap).value
        if gap is not None:
            found.append(f"Control, {common.kind(method).lower()}: {100 * gap:.0f} points apart.")
    return found


def base_step(number: int, steps: int, accuracy: float | None) -> str:
    """The progress of the base classifier's training."""
    tail = "" if accuracy is None else f", accuracy {common.number(accuracy)}"
    return f"Step {number:,} of {steps:,}{tail}."


def _and(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
