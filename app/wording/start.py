"""Sentences of the page Start."""

TITLE = "Narrow the gap, leave the weights alone"
LEAD = (
    "A classifier can be right on average and still treat groups unequally. "
    "fairprog leaves its weights as they are and learns a *trigger* instead: a border around every picture, or a few "
    "words in front of every text. The trigger narrows the gap between the groups."
)
MOVE = "Move λ to see, on test rows, how much narrower the gap gets and how much accuracy that costs."
BUTTON = "Train a trigger"
BUTTON_HELP = "Choose data, classifier, trigger and criterion, then watch the curve grow."

NO_DEMO = (
    "The finished example is missing (folder assets/demo). "
    "Train a small study and watch its curve grow, or make the example as the README describes."
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
        "Up to two pictures of every label and group, where possible one whose prediction changes with λ. "
        "The bars and figures use all {n:,} test pictures, weighted to the natural mix of labels and groups."
    ),
    "text": (
        "One comment of every label and group, where possible one whose prediction changes with λ. "
        "The bars and figures use all {n:,} test comments, weighted to the natural mix of labels and groups. "
        "The comments are made up; some are offensive."
    ),
}
TRIGGER = "trigger"
NEAREST = "trigger, nearest words"
CALLED = "called {label}"
RIGHT = "right"
WRONG = "wrong"
INTERVAL = "95 % interval {low:.3f} to {high:.3f}"
HITS = "{positive}, called {positive}"
FALSE_ALARMS = "{negative}, but called {positive}"
APART = "{points} points apart"
SUMMARY_BASE = "Without a trigger: {gap_name} {gap}, accuracy {accuracy}."
SUMMARY = "With the trigger at λ = {lam}: {gap_name} {base_gap} → {gap}, accuracy {base_accuracy} → {accuracy}."
"""Sentences of the demo; ``presenters/intro_demo.py`` fills in the names in braces."""
