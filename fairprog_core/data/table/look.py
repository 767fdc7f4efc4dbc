"""Judges the columns of a table by its first rows, and guesses which is what.

Notation: n first rows.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import islice

from fairprog_core.common.errors import escaped
from fairprog_core.common.files.pictures.names import is_picture
from fairprog_core.data.table.report import MOST_COLUMNS, ColumnReport, ColumnType, Guess
from fairprog_core.data.table.source.rows import TableSource
from fairprog_core.data.table.source.split_files import SPLITS
from fairprog_core.data.table.values import cleaned, number, truth

IN_TABLE = "in the table.png"  # shown for a picture whose file is a cell, and taken for the name of a picture
ROWS = 1000  # the first rows, by which columns are judged
PREVIEW = 8  # of them are shown
_MOST_LETTERS = 300  # of a cell that is shown
_FEW = 20  # different values of a column of categories
_NAMES = {
    "text": ("text", "comment", "comment_text", "sentence", "tweet", "review", "content", "body", "message", "post"),
    "image": ("image", "file", "filename", "file_name", "image_id", "img", "img_filename", "path", "photo", "picture"),
    "label": ("label", "target", "y", "class", "toxic", "toxicity", "outcome", "sentiment", "is_toxic", "hateful"),
    "group": ("group", "gender", "sex", "race", "ethnicity", "religion", "identity", "male", "female", "age_group"),
    "split": ("split", "partition", "fold", "set", "subset", "part"),
    "weight": ("weight", "weights", "sample_weight", "w"),
}
_IDENTITIES = {
    "male", "female", "transgender", "other_gender", "heterosexual", "homosexual_gay_or_lesbian", "bisexual", "lgbtq",
    "christian", "jewish", "muslim", "hindu", "buddhist", "atheist", "other_religion", "other_religions", "black",
    "white", "asian", "latino", "woman", "man", "women", "men", "old", "young",
}  # fmt: skip


def first_rows(source: TableSource) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """The names of the first columns, and the n first rows as text; little more of the file is read.

    Raises:
        DataError: the table is damaged.
    """
    known: tuple[str, ...] = getattr(source, "plain", source.columns)  # not those that hold lists
    names = tuple(name for name in known[:MOST_COLUMNS] if source.columns.count(name) == 1)
    rows: list[tuple[str, ...]] = []
    chunks = source.chunks(names)
    for chunk in islice(chunks, 8):
        columns = [chunk.cells[name].slice(0, ROWS).to_pylist() for name in names]
        rows += [tuple(_as_text(cell) for cell in row) for row in zip(*columns, strict=True)]
        if len(rows) >= ROWS:
            break
    chunks.close()  # type: ignore[attr-defined]
    return names, rows[:ROWS]


def _as_text(cell: str | bytes | None) -> str:
    return IN_TABLE if isinstance(cell, bytes) else cell or ""


def shown(cell: str) -> str:
    """A cell in one line that cannot steer a terminal, shortened."""
    line = escaped(" ".join(cell.split()))
    return line if len(line) <= _MOST_LETTERS else f"{line[: _MOST_LETTERS - 1]}…"


def judge(name: str, cells: Sequence[str]) -> ColumnReport:
    """A column by its first cells."""
    values = [value for value in map(cleaned, cells) if value]
    counted = Counter(values)
    share = 1 - len(values) / len(cells) if cells else 1.0
    few = tuple(shown(value)[:60] for value, _ in counted.most_common(6))
    return ColumnReport(name, _type(values, len(counted)), few, len(counted), share)


def _type(values: list[str], n_values: int) -> ColumnType:
    if not values:
        return "empty"
    if all(map(is_picture, values[:50])):
        return "picture"
    if n_values <= 2 and all(truth(value) is not None for value in values):
        return "truth"
    if all(number(value) == number(value) for value in values):
        return "number" if n_values > _FEW or any("." in value for value in values) else "category"
    is_short = max(map(len, values)) <= 60
    return "category" if n_values <= max(2, min(_FEW, len(values) // 2)) and is_short else "text"


def guess(columns: Sequence[ColumnReport]) -> Guess:
    """Which columns are probably what, by their names and their values."""
    split = _best(columns, "split", ("category",), lambda each: _are_splits(each.values))
    image = _best(columns, "image", ("picture",), lambda each: True)
    text = "" if image else _longest(columns)
    label = _best(columns, "label", ("truth", "category", "number"), lambda each: False)
    identities = [
        each.name for each in columns
        if _names_identity(each.name) and each.type in ("truth", "number", "category") and each.name != label
    ]  # fmt: skip
    group = "" if len(identities) > 1 else _best(columns, "group", ("category", "truth"), lambda each: False)
    used = {split, image, text, label, group, *identities}
    left = [each for each in columns if each.name not in used and each.type in ("truth", "category")]
    if not label and left:
        label = min(left, key=_rank_of_label).name
        left = [each for each in left if each.name != label]
    if not group and len(identities) < 2 and left:
        group = left[0].name
    by_name = {each.name: each for each in columns}
    is_score = bool(label) and by_name[label].type == "number"
    return Guess(
        text=text, image=image, label=label, threshold=0.5 if is_score else None, group=group if group != label else "",
        groups=tuple(identities) if len(identities) > 1 else (), split=split,
        weight=_best(columns, "weight", ("number", "category"), lambda each: False),
    )  # fmt: skip


def _best(
    columns: Sequence[ColumnReport], role: str, types: Iterable[ColumnType], fits: Callable[[ColumnReport], bool]
) -> str:
    """The column with a usual name, the most usual first; else the first whose values fit; else none."""
    suited = [each for each in columns if each.type in types]
    for name in _NAMES[role]:
        for each in suited:
            if _plain(each.name) == name and (role != "split" or _are_splits(each.values)):
                return each.name
    return next((each.name for each in suited if fits(each)), "")


def _names_identity(name: str) -> bool:
    """Whether a name speaks of a group of people: "muslim", "about_christian", "is female"."""
    plain = _plain(name)
    return plain in _IDENTITIES or any(word.removesuffix("s") in _IDENTITIES for word in plain.split("_"))


def _rank_of_label(column: ColumnReport) -> tuple[bool, bool, int]:
    """How little a column without a usual name looks like the label: "is_rude" does most, then yes and no, then two."""
    starts = _plain(column.name).split("_")[0] in ("is", "has")
    return not starts, column.type != "truth", abs(column.n_values - 2)


def _are_splits(values: Sequence[str]) -> bool:
    lower = {value.lower() for value in values}
    return bool(lower) and (lower <= SPLITS.keys() or lower == {"0", "1", "2"})


def _longest(columns: Sequence[ColumnReport]) -> str:
    """The column of texts with a usual name, else the one with the longest texts."""
    texts = [each for each in columns if each.type == "text"]
    named = [each for name in _NAMES["text"] for each in texts if _plain(each.name) == name]
    by_length = sorted(texts, key=lambda each: -sum(map(len, each.values)))
    return next((each.name for each in (*named, *by_length)), "")


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
