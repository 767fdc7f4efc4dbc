"""Sentences of the page Data."""

import time
from collections.abc import Sequence

from app.wording.shared import common
from fairprog_core.common.errors import size

TITLE = "Your own data"
LEAD = (
    "Give a table: texts, or the file names of pictures, with a label and the group of every row. Before anything is "
    "trained you see how the labels are spread over the groups, and what these data can and cannot show."
)

PARTS = {"rows": "Data to train on", "predictions": "Predictions to audit"}
PARTS_LABEL = "What do you have?"

UPLOAD = "Upload a table, or a zip of pictures with or without a table"
UPLOAD_NOTE = (
    "CSV, TSV, JSONL or Parquet, also packed as .gz or .zip; up to {most}. The file stays on {place}, until you delete "
    "it here."
)
HERE = "this machine, in {folder}"
ON_SERVER = "the server"
TYPES = ("csv", "tsv", "txt", "jsonl", "ndjson", "json", "parquet", "arrow", "gz", "zip")
FOLDER = "Or a path on this machine"
FOLDER_ON_SERVER = "Or a path on the server"
ON_HUB = "owner/name of a data set on the Hugging Face hub"
FOLDER_HELP = (
    "A table, a zip, or a folder of pictures, with a table or with folders that are named like labels and groups; "
    "nothing is copied. A data set on the hub is downloaded once."
)
OPEN = "Open"
SECOND = "A second table, e.g. with the groups"
SECOND_HELP = "Its columns are added by the file names of the pictures."
SECOND_UPLOAD = "Upload the second table"
SECOND_AWAY = "Without it"
EARLIER = "Earlier uploads"
EARLIER_NONE = "Nothing was uploaded yet."
USE = "Use"
DELETE = "Delete"
DELETE_TITLE = "Delete this upload?"
DELETE_YES = "Delete for good"
DELETE_NO = "Keep it"
AGAIN = "Choose another table"
GONE = "{name} is gone; upload it again, or choose another table."
READING = "Reading the table …"
CHECKING = "Counting rows, labels and groups …"

COLUMNS_TITLE = "What the columns mean"
COLUMNS_LEAD = "The choices are guesses from names and values; correct what is wrong."
INPUT = "Input"
INPUTS = {"text": "Texts", "image": "Pictures"}
INPUT_COLUMN = {"text": "Column of the texts", "image": "Column of the file names"}
ROOT = "Folder or zip of the pictures"
ROOT_HELP = "The file names begin here. Empty: where the table is."
LABEL = "What is predicted (label)"
POSITIVE = "It counts as a yes where the label is"
THRESHOLD = "It counts as a yes from this score on"
GROUP_WAYS = {"one": "One column", "many": "A column each"}
GROUP_WAY = "Groups"
GROUP_COLUMN = "Column of the group (sensitive attribute)"
GROUP_COLUMNS = "Columns of the groups"
GROUP_COLUMNS_HELP = "Yes and no, or scores; a row may be in several groups, or in none."
SPLIT = "Training, tuning, validation and test rows"
SPLIT_DRAWN = "are drawn for you"
SPLIT_HELP = "A column with train, tune, val and test, or usual spellings of them."
WEIGHT = "Weight of a row"
NO_WEIGHT = "all rows count alike"
SIZE = "Side of the pictures in pixels"
SEED = "Seed of the data"
MORE = "More: weights, seed"
NO_COLUMN = "choose a column"

THESE_COLUMNS = "These columns"
INCOMPLETE = "Choose the columns of the input, the label and the group; the rows are then counted."
NO_GROUP = "in no group"
NONE_OF_SPLIT = "–"
SMALL = "few"
CELLS = "All numbers: rows of every group and label, by split"
CELLS_NOTE = "Rows, and P(label, group) in the split; a row in two groups is counted in both"
PREVIEW = "The first rows"
CHECK_TITLE = "How unequal the data are"
ROWS_AXIS = "Rows"
ROWS = "Rows"
GROUP = "Group"
BALANCE_LABEL = "Rows of every group, divided into their labels."
SHARE_COLUMN = "{label}"
ADVICE_TITLE = "What these data can show"
ALL_WELL = "Every group has enough rows of every label in every split."
BROKEN = "Rows that are left out"
BROKEN_COLUMNS = ("Row", "Reason")
SPLITS = "Rows of every split"
TRAIN = "Train on these data"
TRAIN_HELP = "Opens the page Train with these data; nothing is trained before you press the button there."

PREDICTIONS_LEAD = (
    "No classifier is needed: a table with the true label, the predicted label or score, and the group of every row "
    "is enough."
)
AUDIT = "Show the report"
AUDIT_FILE = "Download the report (JSON)"
TRUE_LABEL = "True label"
PREDICTION = "Predicted label, or score"
PREDICTION_HELP = "A column of predicted labels or of scores; or one column of scores for every label."
POSITIVE_TEXT = "It counts as a yes where the label is"
POSITIVE_HELP = "A value of the label; empty: the last one in their order."
INCOMPLETE_AUDIT = "Choose the columns of the label, of the prediction and of the groups."
REPORT = "How unequal the predictions are"
SHEETS = ("Metrics", "Groups", "Combinations of groups")


def place(*, is_shared: bool, may_be_path: bool, may_be_on_hub: bool) -> str:
    """The label of the field for what is not uploaded."""
    path = FOLDER_ON_SERVER if is_shared else FOLDER
    if not may_be_on_hub:
        return path
    return f"{path}, or {ON_HUB}" if may_be_path else f"Or {ON_HUB}"


def upload_note(megabytes: float, folder: str, *, is_shared: bool) -> str:
    """The limits and the place of an upload, before it is made."""
    place = ON_SERVER if is_shared else HERE.format(folder=folder)
    return UPLOAD_NOTE.format(most=size(megabytes * 1e6), place=place)


def about_upload(n_bytes: int, added: float) -> str:
    """Size and age of an upload, e.g. "12.6 MB, 3 days ago"."""
    return f"{size(n_bytes)}, {age(time.time() - added)}"


def age(seconds: float) -> str:
    """How long ago something was, e.g. "3 days ago"."""
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        n = int(seconds // length)
        if n:
            return f"{n} {unit}{'' if n == 1 else 's'} ago"
    return "just now"


def share(k: int, n: int) -> str:
    """A share of rows in percent, e.g. "38 %"."""
    return "–" if n == 0 else f"{100 * k / n:.0f} %"


def few(k: int) -> str:
    """The mark of a small cell in the chart: its number of rows."""
    return f"{k}!"


def cell(group: str, label: str, k: int, n: int) -> str:
    """A group and a label, when the mouse is over their bar."""
    return f"{group}, {label}: {k:,} of {n:,} ({share(k, n)})"


def splits(sizes: Sequence[tuple[str, int]]) -> str:
    """The number of rows of every split in one sentence."""
    return ", ".join(f"{common.kind(name).lower()} {n:,}" for name, n in sizes) + " rows."


def column(name: str, values: Sequence[str]) -> str:
    """A column in a choice, with a few of its values."""
    few = ", ".join(value[:20] for value in values[:3])
    more = ", …" if len(values) > 3 else ""
    return f"{name} ({few}{more})" if few else name


def broken(n: int, n_rows: int) -> str:
    """The heading of the rows that are left out."""
    return f"{n:,} of {n_rows:,} rows cannot be used"


def share_of(share: float) -> str:
    """The natural share of a cell, e.g. "3.1 % of the split"."""
    return f"{100 * share:.1f} %"


def about_report(n: int, labels: Sequence[str], groups: Sequence[str]) -> str:
    """What a report is about."""
    return f"{n:,} rows; labels {', '.join(labels)}; groups {', '.join(map(common.group, groups))}."


def about_removal(name: str, n_copies: int, n_bases: int, runs: Sequence[str]) -> str:
    """What is deleted with an upload."""
    made = [_many(n_copies, "copy of its rows", "copies of its rows"), _many(n_bases, "base classifier")]
    made.append(_many(len(runs), "run"))
    also = ", ".join(filter(None, made))
    named = f" ({', '.join(map(common.plain, runs[:5]))}{' …' if len(runs) > 5 else ''})" if runs else ""
    return f"This deletes “{name}” for good" + (f", and what was made from it: {also}{named}." if also else ".")


def _many(n: int, one: str, many: str = "") -> str:
    return "" if n == 0 else f"1 {one}" if n == 1 else f"{n} {many or one + 's'}"


USUAL_TEXT = 300  # bytes of a text in the cache, about


def cost(seconds: float, memory: float, disk: float) -> str:
    """What the usual study takes."""
    return (
        f"With the usual settings a trigger takes about {common.about(seconds)} on one core of this machine, "
        f"{size(memory)} of memory, and {size(disk)} of disk for copies of the rows."
    )
