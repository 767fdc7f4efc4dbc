"""Sentences of the auditor: how much the predictions still reveal about the group (leakage)."""

from fairprog_core.metrics.intervals import Estimate, EstimateJson
from fairprog_core.metrics.point import LeakageJson
from fairprog_core.report.figures import names, numbers
from fairprog_core.training.criteria import CRITERIA

LEAD = (
    "Three auditors (logistic regression, a small network, boosted trees) are fitted after the training and "
    "cross-validated on the test rows. They predict the group from the {seen}{within}. What they recover is the "
    "leakage."
)
WITHIN, ALONE = ", within each label", " alone"
LOGITS = "logits"
ANSWERS = "predicted labels"
NONE = (
    "The leakage of this run is unknown: it was not measured, or there are too few test rows. Train the study again "
    "to measure it."
)
CEILING = "Knowing the group exactly would be worth {entropy:.3f} bits, the maximum."
GONE = "At λ = {lam} the auditors recover {bits} bits: the interval does not lie above 0, so no leakage was found."
LEFT = "At λ = {lam} the auditors still recover {bits} bits: some leakage is left."
LESS = "Compared with the base classifier on the same rows, that is a change of {change} bits."
APART = (
    "This method predicts labels without logits, so its leakage cannot be compared with that of the base classifier, "
    "which was measured on logits."
)
SAME = "Compared with the base classifier there is no clear change: {change} bits, and the interval includes 0."


def lead(criterion: str, *, from_answers: bool) -> str:
    """What the auditors are and what they get as input."""
    known = CRITERIA.get(criterion)  # a result may name one that this version does not know
    within = "" if known is None else WITHIN if known.conditions_on_label else ALONE
    return LEAD.format(seen=ANSWERS if from_answers else LOGITS, within=within)


def bits(found: EstimateJson, *, plus: bool = False) -> str:
    """Bits with their interval; they are below 0 if an auditor has fitted noise."""
    if found["value"] is None:
        return numbers.NOT_ESTIMABLE
    return numbers.signed(found["value"], plus=plus) + numbers.brackets(Estimate.of(**found))


def verdict(audit: LeakageJson, *, lam: float, from_answers: bool = False) -> list[str]:
    """What follows from the audit at the chosen λ; labels reveal less than the base's logits, whatever the method."""
    low, _ = numbers.ends(audit["bits"])
    first = (GONE if low <= 0 else LEFT).format(lam=names.lam(lam), bits=bits(audit["bits"]))
    change = audit["delta"]
    if from_answers:
        return [first, APART]
    if change is None:
        return [first]
    low, high = numbers.ends(change)
    return [first, (SAME if low <= 0 <= high else LESS).format(change=bits(change, plus=True))]
