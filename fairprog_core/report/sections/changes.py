"""Who gained and who paid: answers that turn right and wrong by group and label, and levelling down."""

from dataclasses import dataclass

from fairprog_core.metrics.group_tables import ChangeJson, ChangeRow
from fairprog_core.metrics.intervals import Estimate
from fairprog_core.metrics.levelling import RATES_OF_GAP
from fairprog_core.report.figures import names, numbers
from fairprog_core.report.figures.family import Family
from fairprog_core.report.figures.follow import Follow, fixed, follow
from fairprog_core.report.wording import levelling, point

NONE = (
    "This result does not say which answers changed; it was made by an early version. Run the study again to get that."
)
NO_LEVELLING = "Levelling down was not computed for this gap."
WEIGHTED = (
    "More answers turn right than wrong, and accuracy falls all the same: these are counts of test rows, while "
    "accuracy weights the rows as frequent as they are in the data."
)
WORST = (
    "Of all combinations of groups, {name} has the lowest accuracy: {now} on {n:,} rows (without the trigger {before})."
)


@dataclass(frozen=True)
class ChangeLine:
    """A group and label: shares of its rows that turn right and wrong.

    Attributes:
        group: its name.
        label: of the rows.
        n: test rows.
        gained: width of the bar, in percent of the widest.
        lost: the same.
        gained_text: "19 (3 %)".
        lost_text: the same.
        net: in points with its interval.
    """

    group: str
    label: str
    n: str
    gained: Follow
    lost: Follow
    gained_text: Follow
    lost_text: Follow
    net: Follow


@dataclass(frozen=True)
class Changes:
    """The section."""

    lead: Follow
    lines: list[ChangeLine]
    levelling: Follow
    pair: str
    worst: Follow


def changes(family: Family) -> Changes:
    """The changes at every λ, of the first seed."""
    along = [spot.changes for spot in family.single]
    n, chosen = len(along), family.chosen
    known = [each for each in along if each]
    if len(known) < n:
        return Changes(fixed(NONE), [], _levelling(family), _pair(family), fixed(""))
    widest = max((_share(row[way]) for rows in known for row in rows for way in ("gained", "lost")), default=0.0) or 1.0
    lines = [_line(i, known, chosen, widest, family.result.labels) for i in range(len(known[0]))]
    lead = follow(chosen, n, lambda i: _lead(known[i], family, i))
    worst = follow(chosen, n, lambda i: _worst(family, i))
    return Changes(lead, lines, _levelling(family), _pair(family), worst)


def _lead(rows: list[ChangeRow], family: Family, index: int) -> str:
    said = point.who(rows, lam=family.lams[index], seed=family.first.seed, n=family.result.base.n)
    n_more = sum(row["gained"]["rows"] - row["lost"]["rows"] for row in rows)
    change = family.single[index].change("accuracy").value
    return f"{said} {WEIGHTED}" if n_more > 0 and change is not None and change < 0 else said


def _share(found: ChangeJson) -> float:
    return found["value"] or 0.0


def _line(i: int, along: list[list[ChangeRow]], chosen: int, widest: float, labels: list[str]) -> ChangeLine:
    first = along[0][i]

    def text(way: str, index: int) -> str:
        found: ChangeJson = along[index][i][way]  # type: ignore[literal-required]
        share = "" if found["value"] is None else f" ({100 * found['value']:.0f} %)"
        return f"{found['rows']:,}{share}"

    def width(way: str, index: int) -> str:
        found: ChangeJson = along[index][i][way]  # type: ignore[literal-required]
        return f"{100 * _share(found) / widest:.1f}%"

    def net(index: int) -> str:
        found = along[index][i]["net"]
        if found["value"] is None:
            return numbers.NOT_ESTIMABLE
        scaled = Estimate(100 * found["value"], (100 * found["ci"][0], 100 * found["ci"][1]) if found["ci"] else None)
        return numbers.difference(scaled, 0)

    n = len(along)
    return ChangeLine(
        names.group(first["group"]), labels[first["label"]], f"{first['n']:,}",
        gained=follow(chosen, n, lambda index: width("gained", index)),
        lost=follow(chosen, n, lambda index: width("lost", index)),
        gained_text=follow(chosen, n, lambda index: text("gained", index)),
        lost_text=follow(chosen, n, lambda index: text("lost", index)),
        net=follow(chosen, n, net),
    )  # fmt: skip


def _levelling(family: Family) -> Follow:
    gap, base = family.gap, family.result.base
    if gap not in RATES_OF_GAP:
        return fixed(NO_LEVELLING)
    spots = family.single
    return follow(
        family.chosen, len(spots),
        lambda i: levelling.sentence(
            (spots[i].levelling or {}).get(gap), change=spots[i].change(gap), lam=family.lams[i], few=base.few_rows(gap)
        ),
    )  # fmt: skip


def _pair(family: Family) -> str:
    found = (family.single[family.chosen].levelling or {}).get(family.gap)
    if not found or not found["rates"]:
        return ""
    rate = found["rates"][0]
    names_of = f"{names.group(rate['better'])} (better off) and {names.group(rate['worse'])} (worse off)"
    return f"{levelling.pair(found, family.gap, family.result.labels)} By that they are {names_of}."


def _worst(family: Family, index: int) -> str:
    now = next((row for row in family.single[index].intersections if row["is_worst"]), None)
    if now is None or now["accuracy"]["value"] is None:
        return ""
    same = [
        row for row in family.result.base.intersections
        if (row["group"], row["label"]) == (now["group"], now["label"]) and row["accuracy"]["value"] is not None
    ]  # fmt: skip
    before = numbers.number(same[0]["accuracy"]["value"]) if same else "–"
    shown = numbers.interval(Estimate.of(now["accuracy"]["value"], now["accuracy"]["ci"]))
    return WORST.format(name=names.group(now["group"]), now=shown, n=now["n"], before=before)
