"""Tiny studies of drawn faces for the page Compare: each really runs, once per test session, in a few seconds.

The base of every study reaches an accuracy above that of the most frequent label, so that gaps can be estimated and
points do not collapse; test rows are drawn evenly, at least 60 for every label and group. The figures say nothing about
the methods: tests compare what a page shows with the result of the run. All run in one home, where a base or a curve
that several have in common is trained once.
"""

from typing import Any

ROWS = {"kind": "faces", "image_size": 32, "n_train": 2048, "n_tune": 512, "n_val": 240, "n_test": 480}
_COMMON: dict[str, Any] = {
    "dataset": ROWS,
    "classifier": {"kind": "residual_net", "source": "auto", "epochs": 6},
    "lam": {
        "low": 0.3, "high": 8.0, "grid": [0.0, 2.0, 8.0],
        "per": {"last_layer": {"grid": [0.0, 1.0, 3.0]}, "output_shift": {"grid": [0.0, 1.0, 3.0]},
                "leace": {"grid": [0.0, 0.5, 1.0]}},
    },
    "budget": {"steps": 30, "validate_every": 30},
    "explain": {"gallery": 0, "rows": 0, "probe": False},
    "reuse": True,
    "device": "cpu",
    "threads": 1,
}  # fmt: skip
_ANY_LOSS = {"max_accuracy_loss": 1.0}  # some λ is always chosen for its gap, so that figures differ from the base's

DUEL = _COMMON | {
    "name": "duel",
    "methods": [{"kind": kind} for kind in ("reprogram", "last_layer", "leace")],
    "seeds": [0, 1],
}
"""Three methods and two seeds."""

OTHER = _COMMON | {"name": "<i>other</i>", "methods": [{"kind": "leace"}, {"kind": "output_shift"}]}
"""Two methods on the same rows and base as ``DUEL``; its name must do no harm."""

SHARES = _COMMON | {"name": "shares", "methods": [{"kind": "last_layer"}, {"kind": "reprogram"}],
                    "tuning_ratio": [0.25, 1.0], "select": _ANY_LOSS,
                    "budget": {"steps": 150, "validate_every": 30}}  # fmt: skip
"""Two shares of the tuning data, and steps enough for a border that gains something."""

MOVED = _COMMON | {"name": "moved", "methods": [{"kind": "reprogram"}], "transfer": [{"base_seed": 1}],
                   "select": _ANY_LOSS}  # fmt: skip
"""A border on a base that it was not trained on."""

BACK = MOVED | {"name": "back", "base_seed": 1, "transfer": [{"base_seed": 0}]}
"""The way back: its own base is the other base of ``MOVED``, and the reverse."""

FOUR = _COMMON | {"name": "four", "methods": [{"kind": "leace"}], "dataset": {**ROWS, "target": "blond, smiling"}}
"""Four classes, and so another base: it cannot be compared with ``DUEL`` row by row."""

STUDIES = {"duel": DUEL, "other": OTHER, "shares": SHARES, "moved": MOVED, "back": BACK, "four": FOUR}
