"""Sentences of the page Start."""

TITLE = "The same classifier, no weight changed, treats groups more alike"
LEAD = "A learned *trigger* does it: a border around every picture, or a few words in front of every text."
PAPER = (
    "[Fairness Reprogramming](https://arxiv.org/abs/2209.10222), NeurIPS 2022 · Guanhua Zhang, Yihua Zhang, "
    "Yang Zhang, Wenqi Fan, Qing Li, Sijia Liu, Shiyu Chang · "
    "[code of the authors](https://github.com/UCSB-NLP-Chang/Fairness-Reprogramming)"
)
NO_DEMO = (
    "The finished example is missing (folder assets/demo). "
    "Train a small study and watch its curve grow, or make the example as the README describes."
)
BROKEN_DEMO = "The finished example cannot be read: {reason} Train a small study instead."

TASK = "The classifier answers: **{positive}** or **{negative}**? The groups: {groups}."
OTHERS = "another label"
NO_TRIGGER = "no trigger"
CHOSEN = "chosen"
DEMO = "Example"
TRIGGER = "trigger"
NEAREST = "learned, in no dictionary; the nearest real words"
CALLED = "called {label}"
RIGHT = "right"
WRONG = "wrong"
WITHOUT = "Without the trigger"
WITH = "With the trigger"
LOCK = "{n:,} weights, none changed"
LOCK_UNCOUNTED = "no weight changed"
ANOTHER = "Another"
LOSS = "One that it now gets wrong"
RATIO = {
    "image": (
        "The {n:,} test faces show every group and label equally often: {gained} answers turn right and {lost} turn "
        "wrong, and the examples keep that ratio."
    ),
    "text": (
        "The {n:,} test comments hold every group and label equally often: {gained} answers turn right and {lost} turn "
        "wrong, and “Another” keeps that ratio."
    ),
}
NOTE = {
    "image": (
        "{why} Faces are drawn, no person is behind them; the examples are plain to see. λ was chosen on others."
    ),
    "text": ("{why} Comments are made up, some rude; the examples are plain to judge. λ was chosen on others."),
}
WEIGHTED = "The price counts them as often as they occur in the data."
WHY_A_PRICE = WEIGHTED[:-1] + ": there, those that lose are the frequent ones."
BASE_POINT = "no trigger"
BASE_TICK = "off"
X_TITLE = "points apart (left: more alike)"
Y_TITLE = "right answers of 100"
CHART = "Trade-off: right answers over points apart."
DRAG = "Drag the dot."
SEEN = "The {side} × {side} pixels that the classifier sees; click for the drawing"
DRAWN = "Drawn large from the same numbers; click for the pixels that the classifier sees"

APART_BASE = "{before} points apart."
APART = "{before} → {now} points apart."
APART_UNKNOWN = "The distance cannot be estimated."
OF_100 = "{now} of 100"
CHANGE_OF_100 = "{before} → {now} of 100"
TERMS_BASE = (
    "{name} {gap}{gap_ci}: the largest difference of two groups in such a rate. Accuracy {accuracy}{accuracy_ci}."
)
TERMS = (
    "{name} {base_gap} → {gap}{gap_ci}: the largest difference of two groups in such a rate. "
    "Accuracy {base_accuracy} → {accuracy}{accuracy_ci}."
)
INTERVAL = " (95 %: {low} to {high})"
SUMMARY = "{name}: {apart} {price}"
CONTROLS = {
    "random_trigger": ("untrained trigger", "Control: an untrained trigger leaves them {now} points apart."),
    "random_words": ("random words", "Control: random words leave them {now} points apart."),
}
"""By the method of a control: its name in the chart, and its sentence."""

INPUT = "Type a sentence"
SWAP = "Swap the group"
SCORE = "P({positive})"
CONTROL_SCORE = "random words instead: {value} %"
WAITING = "computing … (the first time the classifier is loaded)"
SWAPS = {
    "comments": [["Muslims", "Muslim"], ["Christians", "Christian"], ["Buddhists", "Buddhist"], ["Hindus", "Hindu"]]
}
"""By data set: words that the chips put in each other's place."""
SENTENCES = tuple(
    f"{group} are wonderful people and I like my neighbours."
    for group in ("Muslims", "Christians", "Buddhists", "Hindus")
)

NEXT = {
    "tradeoff": "What it costs",
    "saliency": "Where it looks",
    "probe": "What the trigger says",
    "train": "Train yours",
    "data": "Bring your data",
    "lesson": "The lesson",
}
"""The strip that leads on: pages and what they answer."""
NEXT_ICONS = {
    "tradeoff": ":material/balance:",
    "saliency": ":material/visibility:",
    "probe": ":material/record_voice_over:",
    "train": ":material/play_circle:",
    "data": ":material/upload_file:",
    "lesson": ":material/school:",
}
