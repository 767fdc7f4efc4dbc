"""Sentences of the page Compare: methods against each other."""

from collections.abc import Mapping, Sequence

from app.models.table import Table, TableCell
from app.wording.shared import common, inside
from fairprog_core.metrics.intervals import Estimate, EstimateJson
from fairprog_core.results.head_to_head import CandidateJson, ComparisonJson, DifferenceJson, DifferencesJson

TITLE = "Methods against each other"
LEAD = (
    "All methods answered the same test rows, and all start from the same frozen base. A verdict is said only where "
    "the 95 % interval of a difference, paired by row and by seed, leaves out 0."
)

CRITERION = "Criterion"
METHODS = "Methods"
AGAINST = "Compare with"
SECONDS = "Training time that counts, in seconds"
SECONDS_HELP = "“Area in time” counts only what a method had finished after so many seconds of training, per seed."
PICK_METHODS = "Choose at least one method above."
ONE_METHOD = (
    "There is one curve for this criterion, so there is nothing to compare it with. Add a run on the same data and "
    "base above, or train a study with more methods or triggers."
)
NOBODY = "Here is nothing to compare: the chosen runs have finished no method but the most frequent label."
TO_TRAIN = "Train a study"
TO_TRADEOFF = "Their curves side by side, on Trade-off"
TOO_MANY = "At most {n} methods fit into one chart."

CHART_LABEL = (
    "Accuracy over the gap on the test split, means over seeds with 95 % intervals. The step lines join the points "
    "that no other of the same method beats in both; collapsed points do not count. White dots: λ chosen on validation."
)
VERDICTS_TITLE = "In words"
FIGURES = "In figures"
CAPTION = "Below: 95 % interval, verdict"
ABOUT = (
    "{n:,} test rows; base: accuracy {accuracy:.3f}, gap {gap:.3f}. Below each figure stand its 95 % interval over "
    "test rows and seeds, and the verdict on the difference to {against}."
)
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
    "not estimable": "",
}
WHOLE = {
    "better": "**{name} is better than {against}**: its area is larger by {change}.",
    "worse": "**{name} is worse than {against}**: its area is smaller, {change}.",
    "cannot tell": "**{name} and {against} cannot be told apart** by their areas: {change}.",
    "not estimable": "{name} and {against} cannot be compared here: the difference of their areas has no interval.",
}
AT = "At the same accuracy: {parts}."
AT_PART = "{verdict} at {points}"
NOTES = (
    "Area is the hypervolume: how much of the plane between the base's gap and the accuracy of always giving the most "
    "frequent label a method's points attain. The gap “at −2 points” is the smallest one that a method attained while "
    "losing at most two points of the base's accuracy; nothing is interpolated between points or beyond them.",
    "These are the best of all λ on the test rows, so they are optimistic for every method alike; the λ chosen on "
    "validation is the white dot.",
    "“Cannot tell” does not mean equal: more test rows or seeds may still show a difference. Of twenty comparisons of "
    "equal methods about one shows a difference by chance.",
)
ONE_SEED = "{names} ran with one seed here: intervals cover other test rows, but not what another seed would change."
DOWNLOADS = "Download"
DOWNLOAD_TABLE = "Figures (CSV)"


def name(kind: str, tuning_ratio: float | None) -> str:
    """A contender: its trigger or method, and the share of the tuning data where that was not all."""
    return f"{common.kind(kind)}{inside.share(tuning_ratio)}"


def sentences(judged: ComparisonJson, names: Mapping[str, str]) -> list[str]:
    """One verdict in words for every method but the one that is compared with.

    Args:
        judged: see ``fairprog_core.results.head_to_head.head_to_head``.
        names: of the contenders by key, as plain text.
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
    """Whose intervals know nothing of other seeds."""
    found = [common.plain(names[each["key"]]) for each in judged["contenders"] if len(each["seeds"]) == 1]
    if not found:
        return None
    return ONE_SEED.format(names="Every method" if len(found) == len(judged["contenders"]) else _listed(found))


def about(judged: ComparisonJson, names: Mapping[str, str]) -> str:
    """What the figures rest on."""
    return ABOUT.format(
        n=judged["n"],
        against=common.plain(names[judged["against"]]),
        accuracy=judged["base"]["accuracy"],
        gap=judged["base"]["gap"],
    )


def table(judged: ComparisonJson, names: Mapping[str, str]) -> Table:
    """Area, area in time and the gap at matched accuracy of every method."""
    columns = [
        TableCell(COLUMNS[0]),
        TableCell(COLUMNS[1], AREA_NOTE),
        TableCell(IN_TIME, f"in {_seconds(judged['within'])}"),
    ]
    columns += [TableCell(AT_LOSS, AT_LOSS_NOTE.format(points=100 * loss)) for loss in judged["losses"]]
    return Table(CAPTION, columns, [_row(each, names[each["key"]]) for each in judged["contenders"]])


def _row(each: CandidateJson, name: str) -> list[TableCell]:
    n = len(each["seeds"])
    seeds = "1 seed" if n == 1 else f"{n} seeds"
    trained = TRAINED_IN.format(seeds=seeds, time=_seconds(each["seconds"]))
    found: DifferencesJson | None = each["difference"]
    area = _figure(each["hypervolume"], found and found["hypervolume"], digits=4)
    in_time = _figure(each["within"], found and found["within"], digits=4)
    others = found["at_loss"] if found else [None] * len(each["at_loss"])
    pairs = zip(each["at_loss"], others, strict=True)
    return [TableCell(name, trained), area, in_time, *(_figure(own, other) for own, other in pairs)]


def _figure(own: EstimateJson, difference: DifferenceJson | None, digits: int = 3) -> TableCell:
    if own["value"] is None:
        return TableCell(NOT_REACHED)
    verdict = VERDICTS[difference["verdict"]] if difference else ""
    return TableCell(f"{own['value']:.{digits}f}", "\n".join(filter(None, (_brackets(own, digits), verdict))))


def _seconds(value: float) -> str:
    """A duration; under ten seconds with decimals, as some methods take hundredths."""
    return f"{value:.2g} s" if value < 10 else common.seconds(value)


def _at(differences: Sequence[DifferenceJson], losses: Sequence[float]) -> str:
    """Where the verdict is which: better at −1 and −2 points; cannot tell at −3 and −5 points."""
    by_verdict: dict[str, list[str]] = {}
    for found, loss in zip(differences, losses, strict=True):
        if VERDICTS[found["verdict"]]:
            by_verdict.setdefault(found["verdict"], []).append(f"{100 * loss:g}")
    parts = [
        AT_PART.format(verdict=VERDICTS[verdict], points=f"{_listed(points, '−')} points")
        for verdict, points in by_verdict.items()
    ]
    return AT.format(parts="; ".join(parts)) if parts else ""


def _listed(names: Sequence[str], sign: str = "") -> str:
    """Names in a row, "and" before the last, each behind the sign."""
    signed = [f"{sign}{name}" for name in names]
    return " and ".join(filter(None, (", ".join(signed[:-1]), signed[-1])))


def _change(found: EstimateJson) -> str:
    if found["value"] is None:
        return ""
    return f"{inside.signed(found['value'], 4, plus=True)} {_brackets(found, 4)}".rstrip()


def _brackets(found: EstimateJson, digits: int) -> str:
    return inside.brackets(Estimate.of(found["value"], found["ci"]), digits).strip()
