"""Where the classifier looks, what the trigger says about the group, and what was not mended; with the controls."""

from collections.abc import Mapping
from typing import Any

from app.presenters.lesson import examples
from app.presenters.lesson.data import (
    LessonChecked,
    LessonCondition,
    LessonLook,
    LessonMeasured,
    LessonProbe,
)
from app.presenters.lesson.rates import measured
from fairprog_core.metrics.levelling import Levelling
from fairprog_core.metrics.point import Point
from fairprog_core.results.curve import Curve
from fairprog_core.results.gallery_layout import Gallery
from fairprog_core.results.result import Result

SHARES = {"hair_share": ("hair", "cam_share"), "ig_identity_share": ("words", "ig_identity_share")}
"""The shares that the lesson knows: in ``curve.explain`` and its name in ``paired``."""
OTHERS = {"hair_share": "positive_hair_share"}
CONTROLS = ("black", "random_words", "untrained", "neutral_words")  # what the lesson compares with, the first best
TRIGGER = "trigger"
STILL_CLEAR = 0.05  # a difference of groups that counts as one, beside its interval
YES, NO, UNKNOWN = "yes", "no", "unknown"


def look(curve: Curve) -> LessonLook | None:
    """The share of the explanations that falls on hair or on group words; None where it was not measured."""
    index = curve.lams.index(curve.chosen_lam)
    for name, (of, paired_name) in SHARES.items():
        shares: Any = curve.explain.get(name)
        other: Any = curve.explain.get(OTHERS.get(name, ""))
        paired: Any = (curve.explain.get("paired") or {}).get(paired_name, {})  # type: ignore[union-attr]
        control = next((each for each in CONTROLS if each in paired and each in (shares or {})), None)
        if shares and control:
            explained = paired[control].get("share")
            return {
                "of": of,
                "conditions": _conditions(shares, index),
                "control": control,
                "rest": measured(paired[control]["difference"][index]),
                "explained": measured(explained[index] if explained else None),
                "other": _conditions(other, index) if other else [],
            }
    return None


def probe(curve: Curve, gallery: Gallery) -> LessonProbe | None:
    """P(group) of the first empty input, for the group that moves most; None without a probe."""
    found: Any = curve.probe
    if not found:
        return None
    index, null = curve.lams.index(curve.chosen_lam), found["nulls"][0]
    by_classifier = [_by_condition(each["probability"][null], index) for each in found["classifiers"]]
    moves = [
        sum(values[TRIGGER][g] - values["without"][g] for values in by_classifier) for g in range(len(found["groups"]))
    ]
    group = max(range(len(moves)), key=moves.__getitem__)
    conditions = list(by_classifier[0])
    return {
        "group": found["groups"][group],
        "conditions": conditions,
        "classifiers": [_accuracy(each) for each in found["classifiers"]],
        "values": [[float(values[name][group]) for name in conditions] for values in by_classifier],
        "picture": examples.picture(gallery.arrays["nulls"][0]) if gallery.modality == "image" else "",
    }


def checks(result: Result, curve: Curve, levelled: Levelling | None) -> list[LessonChecked]:
    """The statements of the last step and whether they hold at the chosen λ.

    Args:
        result: of the study.
        curve: one of its curves.
        levelled: levelling down at the chosen λ for the gap of the curve.
    """
    base, point = result.base, result.chosen_point(curve)
    found = [
        _better(base, point, levelled),
        _called(base, point),
        _readable(base, point, curve),
        _new_rows(curve, point),
    ]
    other: LessonChecked = {"name": "other", "before": _NONE, "after": _NONE, "verdict": UNKNOWN}
    return [each for each in found if each] + [other]


_NONE: LessonMeasured = (None, None, None)


def _conditions(shares: Mapping[str, Any], index: int) -> list[LessonCondition]:
    return [{"name": name, "value": measured(value)} for name, value in _by_condition(shares, index).items()]


def _by_condition(values: Mapping[str, Any], index: int) -> dict[str, Any]:
    """Without a trigger, the controls, then the trigger at one λ; rivals are left out."""
    found = {name: values[name] for name in ("without", *CONTROLS) if name in values}
    return {**found, TRIGGER: values["lam"][index]}


def _accuracy(values: Mapping[str, Any]) -> LessonMeasured:
    low, high = values.get("accuracy_ci") or (None, None)
    return (values.get("accuracy"), low, high)


def _better(base: Point, point: Point, levelled: Levelling | None) -> LessonChecked | None:
    """The hits of the group that had more of them: does it keep them? Yes: its new interval contains the old rate."""
    rows = [row for row in levelled["rates"] if row["rate"] == "true_positive_rate"] if levelled else []
    if not rows:
        return None
    before, after = _hits(base, rows[0]["better"]), _hits(point, rows[0]["better"])
    is_held = before[0] is None or after[2] is None or after[2] >= before[0]
    return {"name": "better", "before": before, "after": after, "verdict": YES if is_held else NO}


def _hits(point: Point, group: str) -> LessonMeasured:
    rows = [row for row in point.group_rates or [] if row["group"] == group]
    return measured(rows[0]["true_positive_rate"]) if rows else _NONE


def _called(base: Point, point: Point) -> LessonChecked:
    """Are the groups called positive equally often?"""
    before = measured(base.metric("demographic_parity_difference"))
    after = measured(point.metric("demographic_parity_difference"))
    return {"name": "called", "before": before, "after": after, "verdict": _is_small(after)}


def _readable(base: Point, point: Point, curve: Curve) -> LessonChecked | None:
    """Do the scores hide the group from an auditor who knows the label?"""
    before, after = (base.audits or {}).get(curve.criterion), point.audit
    if not before or not after:
        return None
    low, high = after["bits"]["ci"] or (None, None)
    is_hidden = low is not None and high is not None and low <= 0.005
    return {
        "name": "readable",
        "before": measured(before["bits"]),
        "after": measured(after["bits"]),
        "verdict": YES if is_hidden else NO,
    }


def _new_rows(curve: Curve, point: Point) -> LessonChecked | None:
    """Is the gap on test rows as small as on the rows on which λ was chosen? Yes: their interval contains it."""
    if curve.validation is None:
        return None
    value = curve.validation["gap"][curve.validation["lam"].index(curve.chosen_lam)]
    after = measured(point.metric(curve.gap))
    within = after[1] is None or value is None or after[1] <= value
    return {"name": "rows", "before": (value, None, None), "after": after, "verdict": YES if within else NO}


def _is_small(gap: LessonMeasured) -> str:
    value, low, _ = gap
    if value is None:
        return UNKNOWN
    return NO if value > STILL_CLEAR and (low is None or low > 0) else YES
