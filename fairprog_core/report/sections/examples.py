"""Living examples: test rows whose answer changes at the chosen λ, in the true ratio of gained to lost.

Notation: k λ-values.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from fairprog_core.common.errors import ArtifactError
from fairprog_core.metrics.group_tables import ChangeRow
from fairprog_core.report.figures import names, texts
from fairprog_core.report.figures.examples import changed_examples, small_uri, smaller
from fairprog_core.report.figures.family import Family
from fairprog_core.report.figures.follow import Follow, fixed, follow, of_points
from fairprog_core.report.figures.people import EXAMPLE, PEOPLE, data_kind, told
from fairprog_core.results.changed_examples import ChangedExample, read_examples
from fairprog_core.results.gallery_file import Gallery
from fairprog_core.results.gallery_layout import GalleryAbout

MOST = 8
NONE = (
    "This curve has no saved test rows, so there are no examples. Run the study with “Gallery” above 0 "
    "(explain.gallery=8) to get them."
)
DAMAGED = "The saved test rows of this curve are damaged. Run the study again to get them."
NO_TRIGGER = "This method has no trigger, so there is nothing to put on an example."
UNCHANGED = "None of the saved test rows changes its answer at λ = {lam}; these are the saved rows themselves."
RATIO = (
    "At λ = {lam}, {gained:,} of {n:,} answers turn right and {lost:,} turn wrong. The examples keep that ratio, "
    "{shown_gained} : {shown_lost}. {picked}"
)
COUNTS = "At λ = {lam}, {gained:,} of {n:,} answers turn right and {lost:,} turn wrong; {shown} saved rows are shown."
PLAINEST = "Shown are those whose content is plainest, so they are clearer than most."
PICKED = "They come from the saved test rows, which were picked so: {how}"
_A_ROW_MORE = 0.004  # how much further from the ratio one more example may be
CALLED = "called {label}"
OTHERS = "{name}, {label}"
WORDS_NEAREST = "learned vectors, not words; the nearest words are"
WORDS = "trigger"
LOSS, GAIN, SAME = "turns wrong", "turns right", "does not change"


@dataclass(frozen=True)
class ExampleRow:
    """One test row.

    Attributes:
        name: group and label.
        kind: "gain", "loss" or "same".
        says: what happens to its answer at the chosen λ.
        before: the answer without the trigger.
        is_right_before: whether that is right.
        now: the answer with the trigger.
        mark: CSS class, right or wrong, with the trigger.
        picture: of a picture, as a data URI.
        text: of a text.
        share_before: P(last label) without the trigger, in percent.
        share: with it.
        control: with random words in its place; empty where it is unknown.
    """

    name: str
    kind: str
    says: str
    before: str
    is_right_before: bool
    now: Follow
    mark: Follow
    picture: str = ""
    text: str = ""
    share_before: str = ""
    share: Follow = field(default_factory=lambda: fixed(""))
    control: str = ""


@dataclass(frozen=True)
class PhotoPlace:
    """Where the photo lies in the picture under a trigger, in percent."""

    top: float
    left: float
    width: float
    height: float


@dataclass(frozen=True)
class Examples:
    """The section.

    Attributes:
        note: the ratio, or why there is none.
        rows: the examples.
        triggers: of pictures: the trigger at every λ, as a CSS value.
        box: of pictures.
        words: of texts: the trigger's words at every λ.
        badge: of texts: what the words are.
        is_behind: whether the words follow the text.
        positive: the label whose probability is shown.
    """

    note: str
    rows: list[ExampleRow] = field(default_factory=list)
    triggers: Follow | None = None
    box: PhotoPlace | None = None
    words: Follow | None = None
    badge: str = ""
    is_behind: bool = False
    positive: str = ""


def examples(family: Family) -> Examples:
    """The examples of a curve's first seed."""
    try:
        return _examples(family)
    except ArtifactError:
        return Examples(DAMAGED)


def _examples(family: Family) -> Examples:
    result, curve = family.result, family.first
    if curve.trigger is None:
        return Examples(NO_TRIGGER)
    gallery = result.gallery(curve)
    if gallery is None:
        return Examples(NONE)
    about = GalleryAbout(**{**gallery.about, "labels": result.labels, "groups": result.group_names})
    places = {lam: i for i, lam in enumerate(gallery.arrays["lams"].tolist())}
    if not set(family.lams) <= places.keys():
        return Examples(NONE)
    kept = [places[lam] for lam in family.lams]
    modality = gallery.modality
    stored = read_examples(
        result.folder, curve=curve.key, lams=family.lams, n_labels=len(result.labels), modality=modality
    )
    rows = changed_examples(gallery.arrays, about, kept, stored, chosen=1 + family.chosen)
    gained, lost = changed_rows(family.single[family.chosen].changes or ())
    shown = in_ratio(rows, gained, lost, MOST)
    found = [_example(row, about, family) for row in shown]
    how = gallery.about.get("picked", "")
    picked = PLAINEST if stored else PICKED.format(how=how[:1].lower() + how[1:]) if how else ""
    note = _note(family, found, gained, lost, picked)
    if modality == "text":
        return _of_texts(note, found, gallery, kept, family)
    side = gallery.arrays["photo"].shape[1]
    top, left, height, width = (100 * float(value) / side for value in gallery.arrays["photo_box"])
    triggers = of_points(family.chosen, [f"url({small_uri(gallery.arrays['trigger'][i])})" for i in kept])
    return Examples(note, found, triggers=triggers, box=PhotoPlace(top, left, width, height))


def changed_rows(changes: Sequence[ChangeRow]) -> tuple[int, int]:
    """How many test rows gained and lost, over groups and labels."""
    return sum(row["gained"]["rows"] for row in changes), sum(row["lost"]["rows"] for row in changes)


def in_ratio(rows: Sequence[ChangedExample], gained: int, lost: int, most: int) -> list[ChangedExample]:
    """Up to ``most`` rows in the ratio of all that gained to all that lost, gains and losses spread evenly."""
    gains = [row for row in rows if row["is_gain"]]
    losses = [row for row in rows if not row["is_gain"]]
    if not gained + lost or not (gains or losses):
        return list(rows)[:most]
    share = gained / (gained + lost)
    sizes = [n for n in range(1, most + 1) if round(n * share) <= len(gains) and n - round(n * share) <= len(losses)]
    n = min(sizes, key=lambda n: abs(round(n * share) / n - share) - _A_ROW_MORE * n, default=0)
    if not n:
        return list(rows)[:most]
    n_gains = round(n * share)
    picked = [*gains[:n_gains], *losses[: min(n - n_gains, len(losses))]]
    return sorted(picked, key=lambda row: _spread(picked, row))


def _spread(picked: Sequence[ChangedExample], row: ChangedExample) -> float:
    same = [each for each in picked if each["is_gain"] == row["is_gain"]]
    return (same.index(row) + 0.5) / len(same)


def _kind(row: ChangedExample, chosen: int) -> str:
    if row["y_pred"][0] == row["y_pred"][chosen]:
        return "same"
    return "gain" if row["is_gain"] else "loss"


def _example(row: ChangedExample, about: GalleryAbout, family: Family) -> ExampleRow:
    labels, kind = about["labels"], data_kind(family.result)
    group = texts.group_name(about, row["z"])
    person = PEOPLE.get(kind, {}).get(group, (names.group(group),))[-1]
    what, n, chosen = _kind(row, 1 + family.chosen), len(family.lams), family.chosen
    scores = row.get("scores")
    shares = [f"{100 * each:.0f}" for each in scores["probabilities"]] if scores else []
    control = scores["control"] if scores else None
    return ExampleRow(
        name=told(EXAMPLE, kind).format(person=person, label=labels[row["y"]]),
        kind=what,
        says={"gain": GAIN, "loss": LOSS, "same": SAME}[what],
        before=CALLED.format(label=labels[row["y_pred"][0]]),
        is_right_before=row["y_pred"][0] == row["y"],
        now=follow(chosen, n, lambda i: CALLED.format(label=labels[row["y_pred"][1 + i]])),
        mark=follow(chosen, n, lambda i: "right" if row["y_pred"][1 + i] == row["y"] else "wrong"),
        picture=smaller(row.get("large") or row.get("seen") or ""),
        text=texts.snippet(scores["text"].split(" ")) if scores else "",
        share_before=shares[0] if shares else "",
        share=of_points(chosen, shares[1:]) if shares else fixed(""),
        control="" if control is None else f"{100 * control:.0f}",
    )


def _note(family: Family, found: Sequence[ExampleRow], gained: int, lost: int, picked: str) -> str:
    said = {"lam": names.lam(family.lams[family.chosen]), "gained": gained, "lost": lost, "n": family.result.base.n}
    kinds = [each.kind for each in found]
    if not gained + lost or "same" in kinds:
        return UNCHANGED.format(**said) if set(kinds) <= {"same"} else COUNTS.format(**said, shown=len(found))
    return RATIO.format(
        **said, shown_gained=kinds.count("gain"), shown_lost=kinds.count("loss"), picked=picked
    ).rstrip()


def _of_texts(note: str, found: list[ExampleRow], gallery: Gallery, kept: Sequence[int], family: Family) -> Examples:
    about = gallery.about
    trigger = about.get("trigger_words")
    by_lam = trigger["lam"] if trigger else []
    said = [" ".join(texts.safe(word) for word in by_lam[i]) for i in kept] if by_lam else [""] * len(kept)
    return Examples(
        note,
        found,
        words=of_points(family.chosen, said),
        badge=WORDS_NEAREST if about.get("is_nearest") else WORDS,
        is_behind=about.get("position") == "end",
        positive=family.result.labels[-1],
    )
