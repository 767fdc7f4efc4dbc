"""Sentences of the auditor's panel: what new attackers still read about the group."""

from app.wording.shared import common, inside
from fairprog_core.metrics.intervals import Estimate, EstimateJson
from fairprog_core.metrics.leakage import LeakageJson

TITLE = "What can still be read about the group?"
LEAD = (
    "Three fresh attackers (logistic regression, a small network, boosted trees) took no part in the training. "
    "Cross-validated on the test rows, they read the group from the {seen}{within}."
)
WITHIN = {"equalized_odds": ", within each label", "demographic_parity": " alone"}
LOGITS = "logits"
ANSWERS = "answers"
NONE = "This run was not audited, or has too few test rows for it. Train it again to see what attackers can still read."
AXIS = "Bits about the group"
CHANCE = "chance"
LABEL = (
    "Residual information: bits that the strongest attacker saves against one who only knows how frequent the groups "
    "are, with 95 % intervals over test rows; 0 is chance. λ is the one chosen on validation."
)
COLUMNS = ("", AXIS, "Group named right", "By chance")
BASE = "base"
AT = "λ = {lam}"
CEILING = "Who knew the group would save {entropy:.3f} bits: the most there is."
GONE = "At λ = {lam} the attackers read {bits} bits: the interval reaches down to 0, so no signal was found."
LEFT = "At λ = {lam} the attackers still read {bits} bits: part of the signal is left."
LESS = "That is {change} bits against the base, on the same rows."
APART = "This method gives answers without logits: they are not set against the base, whose logits were read."
SAME = "Against the base that is {change} bits: the interval includes 0."


def lead(criterion: str, *, from_answers: bool) -> str:
    """Who read what."""
    return LEAD.format(seen=ANSWERS if from_answers else LOGITS, within=WITHIN[criterion])


def row(name: str, audit: LeakageJson) -> list[str]:
    """A line of the chart as a table."""
    return [name, bits(audit["bits"]), _share(audit["accuracy"]), f"{audit['chance']:.1%}"]


def bits(found: EstimateJson, *, plus: bool = False) -> str:
    """Bits with their interval; below 0 an attacker learned noise."""
    if found["value"] is None:
        return common.NOT_ESTIMABLE
    return inside.signed(found["value"], plus=plus) + inside.brackets(Estimate.of(**found))


def verdict(audit: LeakageJson, *, lam: float, from_answers: bool = False) -> list[str]:
    """What the audit of the chosen λ allows to say; answers carry less than the base's logits, whatever the method."""
    low, _ = inside.ends(audit["bits"])
    first = (GONE if low <= 0 else LEFT).format(lam=common.lam(lam), bits=bits(audit["bits"]))
    change = audit["delta"]
    if from_answers:
        return [first, APART]
    if change is None:
        return [first]
    low, high = inside.ends(change)
    return [first, (SAME if low <= 0 <= high else LESS).format(change=bits(change, plus=True))]


def _share(found: EstimateJson) -> str:
    low, high = inside.ends(found)
    return f"{found['value']:.1%} [{low:.1%}, {high:.1%}]"
