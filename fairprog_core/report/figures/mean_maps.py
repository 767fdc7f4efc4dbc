"""The mean map of every group: without the trigger, with it, the difference, and under both controls.

Notation: g groups, k λ-values, s the picture's side, b×b a mean map.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairprog_core.metrics.explanations.averages import ImageExplanation
from fairprog_core.metrics.intervals import Estimate
from fairprog_core.report.figures import overlay
from fairprog_core.report.figures.explanations import ConditionFigures
from fairprog_core.results.gallery_file import Gallery

CONTROLS = ("untrained", "black")
DIFFERENCE = "difference"
BRIGHTEST = 99.0  # percentile of all maps' values; the few above it are drawn as it, so that the rest can be seen
MapArrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class MeanMap:
    """A mean map under one condition: one picture per λ where the condition is the trigger, else a single one.

    Attributes:
        condition: "without", "with", `DIFFERENCE`, or a control.
        pictures: the map over the mean photo.
        shares: of the map on the first region; of `DIFFERENCE` how it differs from that without a trigger.
        on_trigger: the share of all weight that lies on the trigger; None without one.
    """

    condition: str
    pictures: list[overlay.Picture]
    shares: Sequence[Estimate]
    on_trigger: Sequence[float | None]


@dataclass(frozen=True)
class GroupMaps:
    """The mean maps of a group, and the name of the first region; None where no share was measured."""

    group: str
    region: str | None
    maps: list[MeanMap]


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


def has_maps(value: Gallery) -> bool:
    """Whether a gallery has mean maps."""
    return "mean_cam" in value.arrays and "mean_photo" in value.arrays


def mean_maps(gallery: Gallery, explain: object) -> list[GroupMaps]:
    """The maps of every group; all maps of a curve have one scale.

    Args:
        gallery: has mean maps.
        explain: the explanation of the curve, which has the shares by group; None without averages.
    """
    arrays, groups = gallery.arrays, gallery.about["groups"]
    maps = {"without": arrays["mean_cam_without"][:, None], "with": arrays["mean_cam"]}  # (g, 1 or k, b, b)
    maps |= {name: arrays[f"mean_cam_{name}"][:, None] for name in CONTROLS}
    every = np.concatenate([each.ravel() for each in maps.values()])
    low, high = float(every.min()), max(float(np.percentile(every, BRIGHTEST)), float(every.min()) + 1e-9)
    levels = {name: np.rint(255 * ((each - low) / (high - low)).clip(0, 1)).astype(np.uint8)
              for name, each in maps.items()}  # fmt: skip
    found = []
    for g, name in enumerate(groups):
        shares = shares_of(explain, name)
        found.append(GroupMaps(name, shares and shares.region, _maps(arrays, g, maps, levels, shares)))
    return found


def _maps(arrays: MapArrays, g: int, maps: MapArrays, levels: MapArrays, shares: GroupShares | None) -> list[MeanMap]:
    """The maps of group g: without, with the trigger, the difference, the controls.

    Args:
        arrays: of the gallery.
        g: the group's index.
        maps: (g, 1 or k, b, b) by condition.
        levels: the same, scaled to 0 … 255.
        shares: of the group.
    """
    photo, found = arrays["mean_photo"][g], []
    for condition, on in maps.items():
        triggers = _triggers(arrays, condition)
        drawn = []
        for level, trigger in zip(levels[condition][g], triggers, strict=True):
            ground = photo if trigger is None else overlay.put_on(photo, trigger, arrays["photo_box"])
            drawn.append(overlay.heat(overlay.enlarged(ground), level))
        parts = [_on_trigger(values, trigger) for values, trigger in zip(on[g], triggers, strict=True)]
        found.append(MeanMap(condition, drawn, _along(shares, condition, len(triggers)), parts))
    before = _on_photo(maps["without"][g, 0], None, len(photo))
    moves = [_on_photo(now, arrays["photo_box"], len(photo)) - before for now in maps["with"][g]]
    most = max(float(np.abs(each).max()) for each in moves) or 1.0
    drawn = [overlay.enlarged(overlay.signed(photo, np.rint(127 * each / most).astype(np.int8))) for each in moves]
    differences = shares.difference if shares else [Estimate(None, None)] * len(moves)
    found.insert(2, MeanMap(DIFFERENCE, drawn, differences, [None] * len(moves)))
    return found


def _triggers(arrays: MapArrays, condition: str) -> list[NDArray[np.uint8] | None]:
    """The trigger's pixels (s, s, 4) under a condition: one per λ, one of a control, or none."""
    if condition == "without":
        return [None]
    return list(arrays["trigger"]) if condition == "with" else [arrays[f"trigger_{condition}"]]


def shares_of(explain: object, group: str) -> GroupShares | None:
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
