"""Where the classifier looks: mean maps per group, shares on regions or identity words, twins; each with controls."""

import base64
import dataclasses
import io
from dataclasses import dataclass, field

from PIL import Image

from fairprog_core.common.errors import ArtifactError
from fairprog_core.data import modality_of
from fairprog_core.metrics.intervals import Estimate
from fairprog_core.report.drawing.along import Along, alongs
from fairprog_core.report.figures import names
from fairprog_core.report.figures.explanations import explanation_of
from fairprog_core.report.figures.family import Family
from fairprog_core.report.figures.follow import Follow, fixed, follow, of_points
from fairprog_core.report.figures.line import Line
from fairprog_core.report.figures.mean_maps import DIFFERENCE, MeanMap, has_maps, mean_maps
from fairprog_core.report.figures.overlay import Picture
from fairprog_core.report.sections.heard import HeardText, heard_texts
from fairprog_core.report.wording import group_means, paired, saliency
from fairprog_core.report.wording.averages import POSITIVE_SHARE, Average, averages, averages_of_texts, of_groups

NONE = (
    "Where the classifier looks was not computed for this curve. Run the study with explanations "
    "(--set explain.rows=600 --set explain.gallery=8) to get it."
)
NO_TRIGGER = "This method has no trigger, and only curves of a trigger are explained."
DAMAGED = "The saved explanations of this curve are damaged. Run the study again to get them."
FIGURES = {"image": 8, "text": 9}
_NOTHING = Estimate(None, None)
SIDE = 160  # px of a mean map: it is an 8×8 map over a 64×64 photo
CONDITIONS = {
    "without": "Without", "with": "With the trigger", DIFFERENCE: "Difference", "untrained": "Untrained trigger",
    "black": "Black trigger",
}  # fmt: skip
NOTE = (
    "Averages over {rows} test rows, weighted to the natural mix. The intervals show how they vary with the test rows, "
    "not with the seed."
)


@dataclass(frozen=True)
class DrawnMap:
    """A mean map with its caption."""

    title: str
    pictures: Follow
    caption: Follow
    alt: Follow


@dataclass(frozen=True)
class MapRow:
    """The maps of one group."""

    group: str
    maps: list[DrawnMap]


@dataclass(frozen=True)
class ShareCell:
    """A value and its interval."""

    text: Follow
    note: Follow


@dataclass(frozen=True)
class AverageFigure:
    """One average: its chart, and the comparison with its controls."""

    title: str
    label: str
    charts: list[Along]
    says: Follow
    flat: str


@dataclass(frozen=True)
class Looks:
    """The section; ``problem`` says why there is none."""

    problem: str = ""
    verdict: Follow = field(default_factory=lambda: fixed(""))
    rows: list[MapRow] = field(default_factory=list)
    note: str = ""
    columns: list[str] = field(default_factory=list)
    shares: list[list[ShareCell]] = field(default_factory=list)
    figures: list[AverageFigure] = field(default_factory=list)
    legend: str = ""
    texts: list[HeardText] = field(default_factory=list)
    positive: str = ""


def looks(family: Family) -> Looks:
    """The explanations of the first seed's curve."""
    try:
        return _looks(family)
    except ArtifactError:
        return Looks(DAMAGED)


def without_pictures(found: Looks, why: str) -> Looks:
    """The section without maps and coloured texts; where there were any, its note begins with the reason."""
    if not (found.rows or found.texts):
        return found
    return dataclasses.replace(found, rows=[], texts=[], note=f"{why} {found.note}")


def _looks(family: Family) -> Looks:
    explain = explanation_of(family.first)
    if explain is None:
        return Looks(NONE if family.first.trigger else NO_TRIGGER)
    is_text = modality_of(family.result.study.get("dataset")) == "text"
    target = saliency.POSITIVE if len(family.result.labels) == 2 else None
    found = averages_of_texts(explain) if is_text else averages(explain, "grad_cam", target)
    gallery = family.result.gallery(family.first)
    rows = [] if gallery is None or not has_maps(gallery) else [
        MapRow(names.group(each.group), [_map(one, each.region, names.group(each.group), family) for one in each.maps])
        for each in mean_maps(gallery, explain)
    ]  # fmt: skip
    groups = of_groups(explain)
    columns, shares = _shares(groups, family) if groups else ([], [])
    if not found and not rows:
        return Looks(NONE)
    return Looks(
        verdict=_verdict(found, family, is_text=is_text), rows=rows,
        note=NOTE.format(rows=f"{explain.rows:,}"), columns=columns, shares=shares,
        figures=[_figure(each, family) for each in found],
        legend=paired.legend([each.line for each in found]) if found else "",
        texts=heard_texts(family, gallery) if is_text and gallery else [], positive=family.result.labels[-1],
    )  # fmt: skip


def _verdict(found: list[Average], family: Family, *, is_text: bool) -> Follow:
    key = "share" if is_text else POSITIVE_SHARE
    average = next((each for each in found if each.key == key), None)
    line, what = (average.line, average.names.what) if average else (None, "")
    return follow(
        family.chosen, len(family.lams),
        lambda i: group_means.verdict(
            line, what, family.lams, i, figure=FIGURES["text" if is_text else "image"], is_rise=not is_text,
            flat=average.flat if average and not is_text else None,
        ),
    )  # fmt: skip


def _map(one: MeanMap, region: str | None, group: str, family: Family) -> DrawnMap:
    title = CONDITIONS[one.condition]
    if one.condition == DIFFERENCE:
        captions = [group_means.moved(region, share) for share in one.shares]
    else:
        captions = [group_means.caption(region, *each) for each in zip(one.shares, one.on_trigger, strict=True)]
    captions = [caption.replace("\n", ", ") for caption in captions]
    alts = [f"Mean map of {group}, {title.lower()}. {caption}".strip() for caption in captions]
    pictures = [webp(picture) for picture in one.pictures]
    chosen = family.chosen if len(pictures) > 1 else 0
    return DrawnMap(title, of_points(chosen, pictures), of_points(chosen, captions), of_points(chosen, alts))


def webp(picture: Picture, side: int = SIDE) -> str:
    """A picture, scaled down, as a data URI."""
    image = Image.fromarray(picture)
    image.thumbnail((side, side), Image.Resampling.BILINEAR)
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=82, method=4)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()


def _shares(groups: list[tuple[str, Line]], family: Family) -> tuple[list[str], list[list[ShareCell]]]:
    """The share by group: without, with the trigger, the difference, and every control."""
    controls = [
        name for name in names.CONTROLS if name != "without" and any(name in line.controls for _, line in groups)
    ]
    columns = ["Group", "Without", "With the trigger", "Difference", *(paired.NAMES[name] for name in controls)]
    return columns, [
        [
            ShareCell(fixed(names.group(name)), fixed("")),
            _cell([line.controls.get("without", _NOTHING)], 0),
            _cell(list(line.along), family.chosen),
            _cell(_differences(line), family.chosen, is_difference=True),
            *(_cell([line.controls.get(control, _NOTHING)], 0) for control in controls),
        ]
        for name, line in groups
    ]


def _differences(line: Line) -> list[Estimate]:
    pairs = line.paired.get("without")
    if pairs is None:
        return [_NOTHING] * len(line.along)
    return [Estimate.of(mean["value"], mean["ci"]) if mean else _NOTHING for mean in pairs.difference]


def _cell(found: list[Estimate], chosen: int, *, is_difference: bool = False) -> ShareCell:
    write = group_means.points if is_difference else group_means.percent
    said = [("–", "") if each.value is None else _split(write(each)) for each in found]
    return ShareCell(of_points(chosen, [text for text, _ in said]), of_points(chosen, [note for _, note in said]))


def _split(text: str) -> tuple[str, str]:
    value, bracket, rest = text.partition(" [")
    return value, f"[{rest}" if bracket else ""


def _figure(average: Average, family: Family) -> AverageFigure:
    says = follow(
        family.chosen, len(family.lams), lambda i: paired.at(average.line, average.names.what, family.lams, i)
    )
    return AverageFigure(
        average.names.axis, average.names.label,
        alongs([average.line], family.lams, family.chosen, level=average.flat), says,
        "" if average.flat is None else saliency.flat_note(average.names, average.flat),
    )  # fmt: skip
