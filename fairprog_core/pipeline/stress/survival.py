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


def stress_sentence(curve: StressedCurve) -> str:
    """Which changes the effect of a trigger survives and which not, in plain words."""
    first = f"{curve.trigger}, {curve.criterion.replace('_', ' ')}, λ = {curve.lam:g}"
    unchanged, *rows = curve.rows
    if not survives(unchanged):
        return f"{first}: on unchanged rows the gap is not clearly smaller than the base's, so nothing can be kept."
    by_answer: dict[bool | None, list[StressRow]] = {answer: [] for answer in (True, False, None)}
    for row in rows:
        by_answer[survives(row)].append(row)
    parts = [
        f"{text} after {_titles(by_answer[answer])}"
        for answer, text in (
            (True, "the gap is still smaller than the base's"),
            (False, "not clearly smaller"),
            (None, "it cannot be told"),
        )
        if by_answer[answer]
    ]
    alone = [row for row in (unchanged, *by_answer[True]) if not is_beyond_control(row)]
    note = f" The gap is not clearly smaller than the control's {_places(alone)}." if alone else ""
    return f"{first}: {'; '.join(parts)}.{note}"


def _titles(rows: Sequence[StressRow]) -> str:
    return ", ".join(row.title for row in rows)


def _places(rows: Sequence[StressRow]) -> str:
    """"on unchanged rows, and after …"."""
    changed = [row for row in rows if row.change != UNCHANGED]
    places = ["on unchanged rows"] * (len(changed) < len(rows)) + [f"after {_titles(changed)}"] * bool(changed)
    return ", and ".join(places)
