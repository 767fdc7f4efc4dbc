"""The mean map of every group: without the trigger, with it, the difference, and under both controls.

Notation: g groups, k λ-values, s the picture's side, b×b a mean map.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app.widgets import pictures
from app.widgets.pictures import Legend, PictureCard, PictureCell
from app.wording import saliency as shared
from app.wording.panels import group_means as words
from app.wording.shared import common
from fairprog_core.metrics.explanations.averages import ImageExplanation
from fairprog_core.metrics.intervals import Estimate
from fairprog_core.report.figures import overlay
from fairprog_core.report.figures.explanations import ConditionFigures
from fairprog_core.results.gallery_file import Gallery

MapArrays = Mapping[str, NDArray[Any]]
WIDTH = "60rem"  # one group in a row: five pictures that can be seen from the back of a room
CONTROLS = ("untrained", "black")
BRIGHTEST = 99.0  # percentile of all maps' values; the few above it are drawn as it, so that the rest can be seen


class GroupShares(NamedTuple):
    """The share of a group's maps on the first region under every condition, and the region's name.

    Attributes:
        region: its name.
        figures: under every condition.
        difference: (k) with the trigger minus without, on the same rows.
    """

    region: str
    figures: ConditionFigures
    difference: Sequence[Estimate]


def show(value: Gallery, *, key: str, stamp: str, channel: str, index: int, explain: Any) -> None:
    """Draw one card per group; nothing where the gallery has no mean maps, as in runs of older versions.

    Args:
        value: the gallery of a curve.
        key: the component's key.
        stamp: cache key that changes with the gallery.
        channel: of the λ slider that the maps follow.
        index: of λ.
        explain: the explanation of the curve, which has the shares by group; None without averages.
    """
    if not has_maps(value):
        return
    legend = Legend(overlay.as_source(overlay.legend(is_signed=False)), shared.HEAT_LOW, shared.HEAT_HIGH)
    pictures.show(cards(stamp, value, explain), key=key, channel=channel, index=index, width=WIDTH, legend=legend)
    st.caption(words.note(value.about["labels"]))


def has_maps(value: Gallery) -> bool:
    """Whether a gallery has mean maps."""
    return "mean_cam" in value.arrays and "mean_photo" in value.arrays


@st.cache_data(max_entries=16, show_spinner=False)
def cards(stamp: str, _gallery: Gallery, _explain: Any) -> list[PictureCard]:
    """One card per group; all maps of a curve have one scale.

    Args:
        stamp: cache key that changes with the gallery.
        _gallery: has mean maps; the underscore keeps it out of the cache's key.
        _explain: the explanation of the curve; None without averages.
    """
    arrays, groups = _gallery.arrays, _gallery.about["groups"]
    maps = {"without": arrays["mean_cam_without"][:, None], "with": arrays["mean_cam"]}  # (g, 1 or k, b, b)
    maps |= {name: arrays[f"mean_cam_{name}"][:, None] for name in CONTROLS}
    every = np.concatenate([each.ravel() for each in maps.values()])
    low, high = float(every.min()), max(float(np.percentile(every, BRIGHTEST)), float(every.min()) + 1e-9)
    levels = {name: np.rint(255 * ((each - low) / (high - low)).clip(0, 1)).astype(np.uint8)
              for name, each in maps.items()}  # fmt: skip
    return [
        PictureCard(
            common.group(name),
            _cells(arrays, g, common.group(name), maps, levels, shares_of(_explain, name)),
        )
        for g, name in enumerate(groups)
    ]


def _cells(
    arrays: MapArrays, g: int, group: str, maps: MapArrays, levels: MapArrays, shares: GroupShares | None
) -> list[PictureCell]:
    """The pictures of group g: without, with the trigger, the difference, the controls.

    Args:
        arrays: of the gallery.
        g: the group's index.
        group: its name.
        maps: (g, 1 or k, b, b) by condition.
        levels: the same, scaled to 0 … 255.
        shares: of the group.
    """
    photo, found = arrays["mean_photo"][g], []
    for condition, on in maps.items():
        triggers = _triggers(arrays, condition)
        drawn, captions = [], []
        shown = zip(on[g], levels[condition][g], triggers, _along(shares, condition, len(triggers)), strict=True)
        for values, level, trigger, share in shown:
            ground = photo if trigger is None else overlay.put_on(photo, trigger, arrays["photo_box"])
            drawn.append(overlay.heat(overlay.enlarged(ground), level))
            captions.append(words.caption(shares and shares.region, share, _on_trigger(values, trigger)))
        found.append(_cell(shared.CONDITIONS[condition], drawn, captions, group))
    before = _on_photo(maps["without"][g, 0], None, len(photo))
    moves = [_on_photo(now, arrays["photo_box"], len(photo)) - before for now in maps["with"][g]]
    most = max(float(np.abs(each).max()) for each in moves) or 1.0
    drawn = [overlay.signed(photo, np.rint(127 * each / most).astype(np.int8)) for each in moves]
    differences = shares.difference if shares else [Estimate(None, None)] * len(moves)
    captions = [words.moved(shares and shares.region, each) for each in differences]
    found.insert(2, _cell(words.DIFFERENCE, [overlay.enlarged(each) for each in drawn], captions, group))
    return found


def _cell(title: str, drawn: Sequence[NDArray[np.uint8]], captions: Sequence[str], group: str) -> PictureCell:
    alts = [words.alt(group, title, caption) for caption in captions]
    return PictureCell(title, [overlay.as_source(each) for each in drawn], captions, alts)


def _triggers(arrays: MapArrays, condition: str) -> list[NDArray[np.uint8] | None]:
    """The trigger's pixels (s, s, 4) under a condition: one per λ, one of a control, or none."""
    if condition == "without":
        return [None]
    return list(arrays["trigger"]) if condition == "with" else [arrays[f"trigger_{condition}"]]


def shares_of(explain: Any, group: str) -> GroupShares | None:
    """The shares of a group by condition; None where they were not measured."""
    if not isinstance(explain, ImageExplanation) or group not in explain.by_group or not explain.regions:
        return None
    pairs = explain.paired.get(f"by_group.{group}", {}).get("without")
    means = explain.by_group[group]
    differences = pairs.difference if pairs else [None] * len(means.lam)
    return GroupShares(
        explain.regions[0],
        ConditionFigures.of_means(means),
        [Estimate.of(each["value"], each["ci"]) if each else Estimate(None, None) for each in differences],
    )


def _along(shares: GroupShares | None, condition: str, n: int) -> Sequence[Estimate]:
    """The share under a condition, n times where it is not known."""
    nothing = Estimate(None, None)
    if shares is None:
        return [nothing] * n
    return shares.figures.along if condition == "with" else [shares.figures.of.get(condition, nothing)]


def _on_trigger(values: NDArray[np.floating], trigger: NDArray[np.uint8] | None) -> float | None:
    """The share of a mean map (b, b) on the trigger (s, s, 4); None without one."""
    if trigger is None:
        return None
    large = overlay.smooth(values, trigger.shape[0])
    return float(large[trigger[..., 3] > 0].sum() / max(large.sum(), 1e-12))


def _on_photo(values: NDArray[np.floating], box: NDArray[np.int64] | None, side: int) -> NDArray[np.floating]:
    """A mean map (b, b) as a share of the weight per pixel of the photo (s, s); the part off the photo is cut."""
    large = overlay.smooth(values, side)
    large = np.asarray(large / max(large.sum(), 1e-12))
    if box is None:
        return large
    top, left, height, width = (int(value) for value in box)
    part = large[top : top + height, left : left + width]
    whole = overlay.smooth(part, side)
    scaled: NDArray[np.floating] = whole * (part.sum() / max(whole.sum(), 1e-12))
    return scaled
