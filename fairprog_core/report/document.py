"""A whole report as typed values: the runs, and every curve that can be shown; the templates draw it."""

from collections.abc import Mapping
from dataclasses import dataclass

from fairprog_core.common.errors import ArtifactError
from fairprog_core.report.drawing.plane import Plane, planes
from fairprog_core.report.figures import names
from fairprog_core.report.figures.family import Family, families
from fairprog_core.report.sections.answer import ShortAnswer, answer
from fairprog_core.report.sections.changes import Changes, changes
from fairprog_core.report.sections.comparison import ChosenTable, chosen_table
from fairprog_core.report.sections.doubt import Doubt, doubt
from fairprog_core.report.sections.examples import Examples, examples
from fairprog_core.report.sections.facts import Facts, facts
from fairprog_core.report.sections.groups import GroupsSection, group_rates
from fairprog_core.report.sections.looks import Looks, looks, without_pictures
from fairprog_core.report.sections.reading import Reading, reading
from fairprog_core.report.sections.stressed import Stressed, stressed
from fairprog_core.results.result import Result

MOST_TOGETHER = 8  # curves in one chart: four colours, two dashes
MOST_VIEWS = 24  # curves; further ones are in the table alone
LEFT_OUT = "Examples and mean maps are left out: with them this report would be too large."


@dataclass(frozen=True)
class CurveView:
    """One curve of a report.

    Attributes:
        index: in the report.
        run: index of its run.
        name: in the list of curves.
        lams: of the slider.
        chosen: index of the chosen λ.
    """

    index: int
    run: int
    name: str
    criterion: str
    metric: str
    seeds: list[int]
    lams: list[str]
    chosen: int
    answer: ShortAnswer
    groups: GroupsSection
    planes: list[Plane]
    has_others: bool
    examples: Examples
    changes: Changes
    looks: Looks
    reading: Reading
    doubt: Doubt
    stressed: Stressed


@dataclass(frozen=True)
class Document:
    """A report of one run, or of several.

    Attributes:
        runs: their facts.
        views: the curves.
        table: all curves at their chosen λ.
        together: of several runs: their curves with the first one's gap in one chart.
        names: of those curves.
        n_left_out: curves that are in the table alone.
        note: below the title; empty: none.
    """

    runs: list[Facts]
    views: list[CurveView]
    table: ChosenTable
    together: list[Plane]
    names: list[str]
    n_left_out: int
    note: str = ""


def document(results: Mapping[str, Result], *, n_views: int = MOST_VIEWS, has_pictures: bool = True) -> Document:
    """Compute everything that a report shows.

    Args:
        results: by the name of the run.
        n_views: largest number of curves.
        has_pictures: whether the curves show examples and mean maps, which take most of the room.

    Raises:
        ArtifactError: a run has no finished curve, or a file of it is damaged.
    """
    views = [(run, family) for run, result in results.items() for family in _families(run, result)]
    order = list(results)
    several = len(results) > 1
    shown = _shared_out(views, n_views)
    drawn = [(run, family) for run, family in views if family.gap == views[0][1].gap][:MOST_TOGETHER]
    return Document(
        runs=[facts(result, run) for run, result in results.items()],
        views=[
            _view(
                index, order.index(run), _name(run, family, several=several), family, views, has_pictures=has_pictures
            )
            for index, (run, family) in enumerate(shown)
        ],
        table=chosen_table(views, results),
        together=planes(drawn[0][1], [family for _, family in drawn[1:]]) if several else [],
        names=[f"{run}: {family.name}" for run, family in drawn],
        n_left_out=len(views) - len(shown),
    )


def _name(run: str, family: Family, *, several: bool) -> str:
    return f"{run}: {family.name}" if several else family.name


def _families(run: str, result: Result) -> list[Family]:
    found = families(result)
    if not found:
        raise ArtifactError(f"The run {run[:80]!r} has no finished curve yet; a report needs one.")
    return found


def _shared_out(views: list[tuple[str, Family]], most: int) -> list[tuple[str, Family]]:
    """At most so many curves, at least the first one of every run, in their order."""
    first = {run: i for i, (run, _) in reversed(list(enumerate(views)))}
    ranked = sorted(range(len(views)), key=lambda i: (i not in first.values(), i))
    return [views[i] for i in sorted(ranked[:most])]


def _view(
    index: int, run: int, name: str, family: Family, views: list[tuple[str, Family]], *, has_pictures: bool
) -> CurveView:
    others = [
        other for _, other in views
        if other.result is family.result and other is not family and other.gap == family.gap
    ]  # fmt: skip
    return CurveView(
        index=index, run=run, name=name,
        criterion=names.kind(family.first.criterion), metric=names.metric(family.gap), seeds=family.seeds,
        lams=[names.lam(lam) for lam in family.lams], chosen=family.chosen,
        answer=answer(family), groups=group_rates(family), planes=planes(family, others), has_others=bool(others),
        examples=examples(family) if has_pictures else Examples(LEFT_OUT), changes=changes(family),
        looks=looks(family) if has_pictures else without_pictures(looks(family), LEFT_OUT), reading=reading(family),
        doubt=doubt(family), stressed=stressed(family),
    )  # fmt: skip
