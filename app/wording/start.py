"""Sentences of the page Start."""

TITLE = "Narrow the gap, leave the weights alone"
LEAD = (
    "A classifier can be right on average and still treat groups unequally. "
    "fairprog leaves its weights as they are and learns a *trigger* instead: a border around every picture, or a few "
    "words in front of every text, that narrows the gap between the groups. "
    "Move λ below to see, on test data, what that buys and what it costs."
)
BUTTON = "Train a trigger"
BUTTON_HELP = "Choose data, classifier, trigger and criterion; the curve grows while you watch."

NO_DEMO = (
    "The finished example is not there (assets/demo). "
    "Train a small study now and watch its curve grow; or make the example as the README describes."
)
BROKEN_DEMO = "The finished example cannot be read: {reason} Train a small study instead."

SLIDER = "λ: how much the gap counts"
NO_TRIGGER = "no trigger"
CHOSEN = "chosen on validation"
BASE_TICK = "Thin mark: without the trigger"
DEMO = "Example"
EXAMPLES = {
    "image": "Test pictures, the prediction below each",
    "text": "Test comments, the prediction below each",
}
EXAMPLES_NOTES = {
    "image": (
        "Up to two pictures of every label and group, one whose prediction changes along λ where there is one; "
        "the bars and figures count all {n:,} test pictures, weighted back to the natural mix."
    ),
    "text": (
        "One comment of every label and group, one whose prediction changes along λ where there is one; "
        "the bars and figures count all {n:,} test comments, weighted back to the natural mix. "
        "The comments are made up, and may offend."
    ),
}
TRIGGER = "trigger"
NEAREST = "trigger, nearest words"
CALLED = "called {label}"
RIGHT = "right"
WRONG = "wrong"
INTERVAL = "95 % interval {low:.3f} to {high:.3f}"
HITS = "{positive}, and called {positive}"
FALSE_ALARMS = "{negative}, yet called {positive}"
APART = "{points} points apart"
SUMMARY_BASE = "Without a trigger: {gap_name} {gap}, accuracy {accuracy}."
SUMMARY = "With the trigger at λ = {lam}: {gap_name} {base_gap} → {gap}, accuracy {base_accuracy} → {accuracy}."
"""Sentences of the demo; names in braces are filled in ``presenters/intro_demo.py``."""
