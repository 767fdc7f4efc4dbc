"""Known data sets and layouts: recognised by their columns, and what these mean."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from fairprog_core.data.table.look import guess
from fairprog_core.data.table.report import ColumnReport, Guess

IDENTITIES = (
    "male", "female", "homosexual_gay_or_lesbian", "christian", "jewish", "muslim", "black", "white",
    "psychiatric_or_mental_illness",
)  # fmt: skip
"""The identities that the challenge on unintended bias judged, of the 24 of its table."""
_PEOPLE = {
    "male", "female", "man", "woman", "men", "women", "boy", "girl", "black", "white", "asian", "indian", "latino",
    "hispanic", "african", "caucasian", "old", "young", "group",
}  # fmt: skip
_MOST_GROUPS = 32  # folders that are taken for groups


class Layout(NamedTuple):
    """A layout of files.

    Attributes:
        name: of the data set, or of the layout.
        needs: columns that its table has.
        files: what is given as the path.
        means: from the columns to what they mean.
        says: the sentence that is shown.
    """

    name: str
    needs: frozenset[str]
    files: str
    means: Callable[[Sequence[ColumnReport]], Guess]
    says: str


def recognise(columns: Sequence[ColumnReport]) -> tuple[Guess, str] | None:
    """What the columns of a known layout mean, and a sentence about it; None for any other table."""
    names = {each.name for each in columns}
    layout = next((each for each in LAYOUTS if each.needs <= names), None)
    return None if layout is None else (layout.means(columns), f"This is {layout.name}: {layout.says}")


def _always(guess: Guess) -> Callable[[Sequence[ColumnReport]], Guess]:
    return lambda _columns: guess


def _jigsaw(columns: Sequence[ColumnReport]) -> Guess:
    have = {each.name for each in columns}
    return Guess(text="comment_text", label="target", threshold=0.5, labels=("not toxic", "toxic"),
                 groups=tuple(name for name in IDENTITIES if name in have))  # fmt: skip


def _utkface(columns: Sequence[ColumnReport]) -> Guess:
    return Guess(image="file", label="gender", group="race", split=_split(columns))


def _folders(columns: Sequence[ColumnReport]) -> Guess:
    """The last folder is the label; the group a folder named like people, else a joined column, else the one before."""
    levels = [each for each in columns if each.name.startswith("folder_")]
    people = next((each for each in levels if _are_people(each)), None) if len(levels) > 1 else None
    labels = [each for each in levels if each is not people]
    label = labels[-1].name if labels else ""
    before = [each.name for each in labels[:-1] if 2 <= each.n_values <= _MOST_GROUPS]
    joined = guess([each for each in columns if each not in levels and each.name not in ("file", "split")])
    group = people.name if people else joined.group or joined.label or next(iter(before), "")
    groups = () if people else joined.groups
    return Guess(
        image="file", label=label, group="" if groups else group, groups=groups, split=_split(columns) or joined.split
    )


def _are_people(level: ColumnReport) -> bool:
    return any(set(value.lower().replace("-", "_").split("_")) & _PEOPLE for value in level.values)


def _split(columns: Sequence[ColumnReport]) -> str:
    return "split" if any(each.name == "split" for each in columns) else ""


LAYOUTS = (
    Layout(
        "FairFace", frozenset({"file", "age", "gender", "race", "service_test"}),
        "the folder with `fairface_label_train.csv`, `fairface_label_val.csv` and the pictures, or one of these files",
        lambda columns: Guess(image="file", label="gender", group="race", split=_split(columns)),
        "label gender (or age), group race (or gender).",
    ),
    Layout(
        "UTKFace", frozenset({"file", "age", "age_range", "gender", "race"}),
        "the folder or zip of the pictures, `25_1_2_20170116174525125.jpg.chip.jpg`", _utkface,
        "file names say age, gender and race; label gender (or age_range), group race.",
    ),
    Layout(
        "LFW with attributes", frozenset({"file", "person", "imagenum", "gender", "Smiling"}),
        "the folder with `lfw_attributes.txt` and `lfw/Person_Name/Person_Name_0001.jpg`",
        _always(Guess(image="file", label="Smiling", threshold=0.0, labels=("not smiling", "smiling"), group="gender")),
        "its scores count from 0 on; label Smiling, group gender from the score Male (or race from four scores).",
    ),
    Layout(
        "Waterbirds", frozenset({"img_id", "img_filename", "y", "split", "place"}),
        "the folder with `metadata.csv` and the pictures",
        _always(Guess(image="img_filename", label="y", labels=("landbird", "waterbird"), group="place",
                      group_names=("land", "water"), split="split")),
        "label y (landbird, waterbird), group place (land, water).",
    ),
    Layout(
        "Jigsaw's Unintended Bias", frozenset({"comment_text", "target", "identity_attack", "male", "female"}),
        "`train.csv`", _jigsaw,
        "label target from 0.5 on, groups the identities that the challenge judged. Many comments have no marks of "
        "identities; they count as in no group.",
    ),
    Layout(
        "Jigsaw's Toxic Comment challenge",
        frozenset({"comment_text", "toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate"}),
        "`train.csv`", _always(Guess(text="comment_text", label="toxic")),
        "it says no groups, so nothing can be compared; take the challenge's train.csv on unintended bias, or add a "
        "column of groups.",
    ),
    Layout(
        "a folder of pictures", frozenset({"file", "folder_1"}),
        "the folder or zip with `label/*.jpg`, `split/label/*.jpg` or `group/label/*.jpg`", _folders,
        "its columns come from the names of the folders. Where none is the group, give a second table with also.",
    ),
)  # fmt: skip
"""The first whose columns are all there counts."""
