"""The short answer in plain words: points apart, and the price."""

from fairprog_core.metrics.intervals import Estimate

FREE = "No trigger, no price."
PRICE = "Price: {n} more of 100 answers {verb} wrong."
NO_PRICE = "Price: less than 1 of 100 answers."
GAIN = "And {n} more of 100 answers {verb} right."


def price(accuracy: Estimate, before: Estimate | None) -> str:
    """What a smaller gap costs, in answers of 100; ``before`` is the base's accuracy, None for the base itself."""
    if before is None or before.value is None or accuracy.value is None:
        return FREE if before is None else ""
    lost = round(100 * (before.value - accuracy.value))
    if lost == 0:
        return NO_PRICE
    verb = "is" if abs(lost) == 1 else "are"
    return (PRICE if lost > 0 else GAIN).format(n=abs(lost), verb=verb)
