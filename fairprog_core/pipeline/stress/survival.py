"""Which changes of the inputs the effect of a trigger survives, from intervals alone; and one sentence about it."""

from collections.abc import Sequence

from fairprog_core.pipeline.stress.stress_result import UNCHANGED, StressedCurve, StressRow


def survives(row: StressRow) -> bool | None:
    """Whether the gap with the trigger is still below the base's after the same change, by the whole interval.

    None: it cannot be told, because there is no interval, or the trigger has collapsed.
    """
    ci = row.trigger.gap_change.ci
    return None if ci is None or row.trigger.is_collapsed else ci[1] < 0


def is_beyond_control(row: StressRow) -> bool:
    """Whether the gap with the trigger is below the control's, by the whole interval; a collapsed control is none."""
    ci = row.beyond_control.ci
    return ci is not None and ci[1] < 0


def is_costly(curve: StressedCurve, row: StressRow) -> bool:
    """Whether the trigger costs more accuracy than was allowed when λ was chosen, by the whole interval.

    Against the base after the same change: what the change itself costs does not count.
    """
    ci, most = row.trigger.accuracy_change.ci, curve.max_accuracy_loss
    return ci is not None and most is not None and ci[1] < -most


def stress_sentence(curve: StressedCurve) -> str:
    """Which changes the effect of a trigger survives and which not, in plain words."""
    first = f"{curve.trigger}, {curve.criterion.replace('_', ' ')}, λ = {curve.lam:g}"
    unchanged, *rows = curve.rows
    if not survives(unchanged):
        if unchanged.trigger.is_collapsed:
            why = "the classifier has collapsed on unchanged rows"
        elif survives(unchanged) is None:
            why = "there are too few rows to tell whether the gap is smaller than the base's"
        else:
            why = "the gap is not clearly smaller than the base's on unchanged rows"
        return f"{first}: {why}, so there is no effect that could be kept."
    seen = [row for row in rows if row.n_changed]
    kept = [row for row in seen if survives(row)]
    by_text = {
        "the gap is still smaller than the base's after": kept,
        "it is not clearly smaller after": [row for row in seen if survives(row) is False],
        "the classifier has collapsed, so that its gap means nothing, after": [
            row for row in seen if row.trigger.is_collapsed
        ],
        "there are too few rows to tell after": [
            row for row in seen if survives(row) is None and not row.trigger.is_collapsed
        ],
        "the classifier reads no difference after": [row for row in rows if not row.n_changed],
    }
    parts = [f"{text} {_titles(found)}" for text, found in by_text.items() if found]
    alone = [row for row in (unchanged, *kept) if not is_beyond_control(row)]
    note = f" It is not clearly smaller than the control's {_places(alone)}." if alone else ""
    if costly := [row for row in (unchanged, *kept) if is_costly(curve, row)]:
        allowed = f"{100 * (curve.max_accuracy_loss or 0):g} points of accuracy that were allowed when λ was chosen"
        note += f" It costs more than the {allowed} {_places(costly)}."
    return f"{first}: {'; '.join(parts) or 'no change was tried'}.{note}"


def _titles(rows: Sequence[StressRow]) -> str:
    return ", ".join(row.title for row in rows)


def _places(rows: Sequence[StressRow]) -> str:
    """Where something holds, e.g. "on unchanged rows, and after JPEG 75"."""
    changed = [row for row in rows if row.change != UNCHANGED]
    places = ["on unchanged rows"] * (len(changed) < len(rows)) + [f"after {_titles(changed)}"] * bool(changed)
    return ", and ".join(places)
