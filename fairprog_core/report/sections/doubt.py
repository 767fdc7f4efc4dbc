"""How sure: what a fresh auditor recovers about the group, what the test rows could have shown, and noise alone."""

from dataclasses import dataclass, field

from fairprog_core.methods import METHODS, MethodOptions
from fairprog_core.metrics.point import LeakageJson
from fairprog_core.report.figures import names, numbers
from fairprog_core.report.figures.family import Family
from fairprog_core.report.figures.follow import Follow, fixed, follow
from fairprog_core.report.sections.answer import control_name
from fairprog_core.report.wording import leakage, point, power

BASE = "no trigger"
AT = "trigger, λ = {lam}"
COLUMNS = ("", "Bits about the group", "Group named right", "By chance")


@dataclass(frozen=True)
class Leak:
    """A row of the auditor's table; ``width`` is that of its bar, in percent of the largest."""

    name: str
    bits: str
    accuracy: str
    chance: str
    width: str


@dataclass(frozen=True)
class Doubt:
    """The section."""

    lead: str
    problem: str = ""
    leaks: list[Leak] = field(default_factory=list)
    verdict: list[str] = field(default_factory=list)
    power: Follow = field(default_factory=lambda: fixed(""))
    cautions: Follow = field(default_factory=lambda: fixed(""))


def doubt(family: Family) -> Doubt:
    """Leakage at the chosen λ; power and cautions at every λ."""
    result, curve = family.result, family.first
    entry = METHODS.get(curve.method)
    options = entry.options if entry else None
    needs = options.needs if options and issubclass(options, MethodOptions) else None
    from_answers = needs is not None and needs.group_at_prediction
    spots, gap = family.points, family.gap

    def detectable(index: int) -> str:
        ci = spots[index].change(gap).ci
        return power.NONE if ci is None or ci[0] == ci[1] else power.smallest(ci, result.base.n)

    def cautions(index: int) -> str:
        return "\n\n".join(point.cautions(family.single[index], gap))

    n = len(spots)
    audits = _audits(family)
    lead = leakage.lead(curve.criterion, from_answers=from_answers)
    can_show, limits = follow(family.chosen, n, detectable), follow(family.chosen, n, cautions)
    if not audits:
        return Doubt(lead, leakage.NONE, power=can_show, cautions=limits)
    most = max(1e-9, *(each["bits"]["value"] or 0.0 for _, each in audits))
    last = audits[-1][1]
    verdict = [
        *leakage.verdict(last, lam=curve.chosen_lam, from_answers=from_answers),
        leakage.CEILING.format(entropy=last["entropy"]),
    ]
    leaks = [_leak(name, each, most) for name, each in audits]
    return Doubt(lead, "", leaks, verdict, power=can_show, cautions=limits)


def _audits(family: Family) -> list[tuple[str, LeakageJson]]:
    result, curve = family.result, family.first
    last, base = result.chosen_point(curve).audit, (result.base.audits or {}).get(curve.criterion)
    if not last or not base:
        return []
    controls = [
        (control_name(method), audit) for method, found in result.controls_of(curve).items() if (audit := found.audit)
    ]
    return [(BASE, base), *controls, (AT.format(lam=names.lam(curve.chosen_lam)), last)]


def _leak(name: str, audit: LeakageJson, most: float) -> Leak:
    low, high = numbers.ends(audit["accuracy"])
    return Leak(
        name, leakage.bits(audit["bits"]), f"{audit['accuracy']['value']:.1%} [{low:.1%}, {high:.1%}]",
        f"{audit['chance']:.1%}", f"{100 * max(audit['bits']['value'] or 0.0, 0.0) / most:.1f}%",
    )  # fmt: skip
