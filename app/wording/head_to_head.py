"""Sentences of the page Compare: methods head to head."""

from collections.abc import Mapping, Sequence

from app.models.table import Table, TableCell
from app.wording.shared import common, inside
from fairprog_core.metrics.intervals import Estimate, EstimateJson
from fairprog_core.metrics.point import FewRows, cell_of, noise_note
from fairprog_core.results.head_to_head import CandidateJson, ComparisonJson, DifferenceJson, DifferencesJson

TITLE = "Methods against each other"
LEAD = (
    "Same test rows, same frozen base classifier. “Better” and “worse” stand only where the 95 % interval of the "
    "difference excludes 0, paired by row and by seed; that needs two seeds."
)

CRITERION = "Criterion"
METHODS = "Methods"
AGAINST = "Compare with"
SECONDS = "Limit of training time, in seconds"
SECONDS_HELP = (
    "Adds a column “Area in time”, which counts only the points that a method had finished within this training time, "
    "per seed. Methods that train all λ at once have none before they end."
)
NO_LIMIT = "no limit"
PICK_METHODS = "Choose at least one method above."
ONE_METHOD = (
    "There is only one curve for this criterion, so there is nothing to compare it with. Above, add a run with the "
    "same data and base classifier, or train a study with more methods or triggers."
)
NO_METHOD = (
    "There is nothing to compare yet: the chosen runs have no finished curve of a method, only the accuracy of always "
    "predicting the most frequent label."
)
TO_TRAIN = "Train a study"
TO_TRADEOFF = "See their curves on Trade-off"
TOO_MANY = "One chart shows at most {n} methods."

CHART_LABEL = (
    "Accuracy over the gap on the test rows, means over seeds with 95 % intervals. A step line joins a method's best "
    "points (its Pareto front): none of its other points is better in both. Collapsed points are left out. White dots: "
    "the λ chosen on validation rows."
)
VERDICTS_TITLE = "In words"
FIGURES = "In figures"
CAPTION = "Below each figure: its 95 % interval and the verdict"
ABOUT = (
    "{n:,} test rows; base classifier: accuracy {accuracy:.3f}, gap {gap:.3f}.{noise} Below each figure: its 95 % "
    "interval over test rows and seeds, and whether it is better or worse than that of {against}."
)
FEW_ROWS = " There are too few rows for intervals and verdicts of gaps ({cell}: {n})."
NOISE = " Noise alone would show a gap of up to {limit:.3f} on so many rows."
COLUMNS = ("Method", "Area")
AREA_NOTE = "hypervolume"
IN_TIME = "Area in time"
AT_LOSS = "Gap"
AT_LOSS_NOTE = "at −{points:g} points"
TRAINED_IN = "{seeds}, {time} each"
NOT_REACHED = "not reached"
VERDICTS = {
    "better": "better",
    "worse": "worse",
    "cannot tell": "cannot tell",
    "one seed: cannot say": "one seed: cannot say",
    "not estimable": "",
}
WHOLE = {
    "better": "**{name} is better than {against}**: its area is larger, {change}.",
    "worse": "**{name} is worse than {against}**: its area is smaller, {change}.",
    "cannot tell": (
        "**Cannot tell whether {name} or {against} is better**: their areas differ by {change}, and the interval "
        "includes 0."
    ),
    "one seed: cannot say": (
        "**One seed: cannot say whether {name} or {against} is better**. On these test rows their areas differ by "
        "{change}, but another seed may give another result."
    ),
    "not estimable": (
        "{name} and {against} cannot be compared here: there is no interval for the difference of their areas."
    ),
}
AT = "Its gap at the same loss of accuracy: {parts}."
AT_PART = "{verdict} at {points}"
NOTES = (
    "The area (hypervolume) is the size of the region of the chart that a method's points dominate, that is where one "
    "of them is at least as good in both; larger is better. The region is bounded by the gap of the base classifier "
    "and by the accuracy of always predicting the most frequent label. The gap “at −2 points” is the smallest gap "
    "that a method reached while losing at most two points of accuracy against the base classifier; nothing is "
    "interpolated between points or beyond them.",
    "These figures use the best of all λ on the test rows, so they are optimistic. Differences use equally many λ of "
    "both methods. The white dot is the λ chosen on validation rows.",
    "“Cannot tell” does not mean equal: more test rows or seeds may still show a difference. When equal methods are "
    "compared, at most about one figure in twenty differs by chance.",
)
ONE_SEED = (
    "{names} ran with one seed only: the intervals show how results vary with the test rows, not with the seed. "
    "Verdicts need two seeds or more."
)
FEWER_LAMS = (
    "The methods have different numbers of λ ({counts}). The best of many is better by luck alone, so a method with "
    "more λ is called better only where equally many of them are, those nearest in accuracy; one with fewer only where "
    "it beats all λ of the other."
)
DOWNLOADS = "Download"
DOWNLOAD_TABLE = "Figures (CSV)"


def name(kind: str, tuning_ratio: float | None, method: str = "") -> str:
    """A candidate's name: its trigger or method, and the share of the tuning data if it is below 100 %."""
    return f"{inside.learned_name(kind, method)}{inside.share(tuning_ratio)}"


def sentences(judged: ComparisonJson, names: Mapping[str, str]) -> list[str]:
    """One verdict in words for every method except the one that the others are compared with.

    Args:
        judged: see ``fairprog_core.results.head_to_head.head_to_head``.
        names: of the candidates by key, as plain text.
    """
    against = common.plain(names[judged["against"]])
    found = []
    for each in judged["contenders"]:
        difference = each["difference"]
        if difference is None:
            continue
        whole = difference["hypervolume"]
        text = WHOLE[whole["verdict"]].format(
            name=common.plain(names[each["key"]]), against=against, change=_change(whole)
        )
        found.append(" ".join(filter(None, (text, _at(difference["at_loss"], judged["losses"])))))
    return found


def one_seed(judged: ComparisonJson, names: Mapping[str, str]) -> str | None:
    """Which methods ran with one seed although they depend on it; None if there are none."""
    learns = [each for each in judged["contenders"] if each["depends_on_seed"]]
    found = [common.plain(names[each["key"]]) for each in learns if len(each["seeds"]) == 1]
    if not found:
        return None
    return ONE_SEED.format(names="Every method" if len(found) == len(judged["contenders"]) else _listed(found))


def fewer_lams(judged: ComparisonJson, names: Mapping[str, str]) -> str | None:
    """How methods with different numbers of λ are compared; None where they have equally many."""
    counts = {common.plain(names[each["key"]]): each["n_lams"] for each in judged["contenders"]}
    if len(set(counts.values())) == 1:
        return None
    return FEWER_LAMS.format(counts=", ".join(f"{name} {n}" for name, n in counts.items()))


def few_rows_of(few: FewRows) -> str:
    """Why the gaps have no intervals and no verdicts."""
    return FEW_ROWS.format(cell=cell_of(few), n=few["n"])


def about(judged: ComparisonJson, names: Mapping[str, str]) -> str:
    """The number of test rows, and accuracy and gap of the base classifier."""
    limit, few = judged["base"]["noise_gap"], judged["base"]["few_rows"]
    return ABOUT.format(
        n=judged["n"],
        noise=("" if limit is None else NOISE.format(limit=limit)) + (common.plain(few_rows_of(few)) if few else ""),
        against=common.plain(names[judged["against"]]),
        accuracy=judged["base"]["accuracy"],
        gap=judged["base"]["gap"],
    )


def table(judged: ComparisonJson, names: Mapping[str, str], *, is_timed: bool = False) -> Table:
    """Area and the gap at each loss of accuracy, for every method; the area in time where a time is set."""
    columns = [TableCell(COLUMNS[0]), TableCell(COLUMNS[1], AREA_NOTE)]
    if is_timed:
        columns.append(TableCell(IN_TIME, f"in {_seconds(judged['within'])}"))
    columns += [TableCell(AT_LOSS, AT_LOSS_NOTE.format(points=100 * loss)) for loss in judged["losses"]]
    noise = judged["base"]["noise_gap"]
    rows = [_row(each, names[each["key"]], noise, is_timed=is_timed) for each in judged["contenders"]]
    return Table(CAPTION, columns, rows)


def _row(each: CandidateJson, name: str, noise: float | None, *, is_timed: bool) -> list[TableCell]:
    n = len(each["seeds"])
    seeds = "1 seed" if n == 1 else f"{n} seeds"
    trained = TRAINED_IN.format(seeds=seeds, time=_seconds(each["seconds"]))
    found: DifferencesJson | None = each["difference"]
    area = _figure(each["hypervolume"], found and found["hypervolume"], digits=4)
    areas = [area, *([_figure(each["within"], found and found["within"], digits=4)] if is_timed else [])]
    others = found["at_loss"] if found else [None] * len(each["at_loss"])
    pairs = zip(each["at_loss"], others, strict=True)
    return [TableCell(name, trained), *areas, *(_figure(own, other, noise=noise) for own, other in pairs)]


def _figure(
    own: EstimateJson, difference: DifferenceJson | None, digits: int = 3, *, noise: float | None = None
) -> TableCell:
    if own["value"] is None:
        return TableCell(NOT_REACHED)
    verdict = VERDICTS[difference["verdict"]] if difference else ""
    notes = (_brackets(own, digits), noise_note(Estimate.of(own["value"], own["ci"]), noise), verdict)
    return TableCell(f"{own['value']:.{digits}f}", "\n".join(filter(None, notes)))


def _seconds(value: float) -> str:
    """A duration; under ten seconds with decimals, as some methods take hundredths."""
    return f"{value:.2g} s" if value < 10 else common.seconds(value)


def _at(differences: Sequence[DifferenceJson], losses: Sequence[float]) -> str:
    """The verdicts by loss of accuracy: "better at −1 and −2 points; cannot tell at −3 and −5 points"."""
    by_verdict: dict[str, list[str]] = {}
    for found, loss in zip(differences, losses, strict=True):
        if found["verdict"] not in ("not estimable", "one seed: cannot say"):
            by_verdict.setdefault(found["verdict"], []).append(f"{100 * loss:g}")
    parts = [
        AT_PART.format(verdict=VERDICTS[verdict], points=f"{_listed(points, '−')} points")
        for verdict, points in by_verdict.items()
    ]
    return AT.format(parts="; ".join(parts)) if parts else ""


def _listed(names: Sequence[str], sign: str = "") -> str:
    """Names joined by commas, with "and" before the last; each has the sign in front."""
    signed = [f"{sign}{name}" for name in names]
    return " and ".join(filter(None, (", ".join(signed[:-1]), signed[-1])))


def _change(found: EstimateJson) -> str:
    if found["value"] is None:
        return ""
    return f"{inside.signed(found['value'], 4, plus=True)} {_brackets(found, 4)}".rstrip()


def _brackets(found: EstimateJson, digits: int) -> str:
    return inside.brackets(Estimate.of(found["value"], found["ci"]), digits).strip()
