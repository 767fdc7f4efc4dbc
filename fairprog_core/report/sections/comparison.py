"""All curves at their chosen λ: of one run, or of several, with a verdict where the same rows and base allow one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fairprog_core.common.errors import FairprogError
from fairprog_core.metrics.intervals import Estimate
from fairprog_core.metrics.point import gap_note
from fairprog_core.report.figures import names, numbers
from fairprog_core.report.figures.family import Family
from fairprog_core.report.sections.answer import is_clear
from fairprog_core.results.head_to_head import Candidate, ComparisonJson, head_to_head
from fairprog_core.results.result import Result

CANNOT = "No verdicts: {reason}"
OTHER_GAPS = "the runs have curves for different criteria only, so their gaps cannot be compared."
VERDICTS = (
    "Verdicts compare the hypervolume (how much of the plane of accuracy and gap a curve covers) with that of "
    "{against}, on the same test rows, resampled together, and paired by seed; “cannot tell” means that the 95 % "
    "interval of the difference includes 0 or that one seed is too few."
)


@dataclass(frozen=True)
class ChosenRow:
    """A curve at its chosen λ.

    Attributes:
        run: name of its run.
        name: of the curve.
        criterion: what its gap is.
        lam: λ chosen on validation rows.
        gap: "0.273 → 0.032".
        gap_ci: "[0.000, 0.061]".
        note: what limits the gap.
        accuracy: the same form.
        accuracy_ci: its interval.
        control: gap of the control.
        control_ci: its interval.
        is_smaller: whether the gap is clearly smaller.
        is_collapsed: whether the point has collapsed.
        verdict: against the first curve; empty where there is none.
    """

    run: str
    name: str
    criterion: str
    lam: str
    gap: str
    gap_ci: str
    note: str
    accuracy: str
    accuracy_ci: str
    control: str
    control_ci: str
    is_smaller: bool
    is_collapsed: bool
    verdict: str = ""


@dataclass(frozen=True)
class ChosenTable:
    """The table of all curves, and what its verdicts mean."""

    rows: list[ChosenRow]
    has_runs: bool
    verdicts: str = ""


def chosen_table(views: Sequence[tuple[str, Family]], results: Mapping[str, Result]) -> ChosenTable:
    """The curves of one or several runs at their chosen λ.

    Args:
        views: name of the run, and curve.
        results: by the name of the run; several are compared.
    """
    verdicts, note = _verdicts(views, results) if len(results) > 1 else ({}, "")
    rows = [_row(run, family, verdicts.get(f"{run}:{family.first.family}", "")) for run, family in views]
    return ChosenTable(rows, len(results) > 1, note)


def _row(run: str, family: Family, verdict: str) -> ChosenRow:
    gap, base = family.gap, family.result.base
    spot = family.points[family.chosen]
    control = next(iter(family.controls.values()), None)
    return ChosenRow(
        run, family.name, names.metric(gap), names.lam(family.first.chosen_lam),
        *_change(base.metric(gap), spot.metric(gap)),
        gap_note(spot.metric(gap), spot.noise_gap.get(gap), base.few_rows(gap)),
        *_change(base.metric("accuracy"), spot.metric("accuracy")),
        numbers.number(control.metric(gap).value) if control else "–",
        numbers.brackets(control.metric(gap)).strip() if control else "",
        is_clear(spot.change(gap)), spot.collapsed, verdict,
    )  # fmt: skip


def _change(before: Estimate, now: Estimate) -> tuple[str, str]:
    return f"{numbers.number(before.value)} → {numbers.number(now.value)}", numbers.brackets(now).strip()


def _verdicts(views: Sequence[tuple[str, Family]], results: Mapping[str, Result]) -> tuple[dict[str, str], str]:
    """A verdict per curve with the gap of the first one; and what the verdicts mean, or why there is none."""
    gap = views[0][1].gap
    same = [(run, family) for run, family in views if family.gap == gap]
    if len({run for run, _ in same}) < 2:
        return {}, CANNOT.format(reason=OTHER_GAPS)
    candidates = [Candidate(run, results[run], family.curves) for run, family in same]
    try:
        found: ComparisonJson = head_to_head(candidates)
    except FairprogError as error:
        text = str(error)
        return {}, CANNOT.format(reason=text[:1].lower() + text[1:])
    verdicts = {
        each["key"]: each["difference"]["hypervolume"]["verdict"] for each in found["contenders"] if each["difference"]
    }
    first = f"{same[0][0]}: {same[0][1].name}"
    return {**verdicts, found["against"]: "–"}, VERDICTS.format(against=first)
