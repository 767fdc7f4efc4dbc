"""Two tiny studies on texts: made-up comments, and a file of Civil Comments whose test rows hold odd texts."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tests.core.test_civil_comments import FILE, table, write
from tests.tiny_encoders import save_family

LAMS = (0.0, 0.5, 1.0, 2.0, 5.0)
ODD = (
    "<img src=x onerror=alert(1)> <script>alert(2)</script> **bold** [link](http://outside.invalid) $x$ :red[no]",
    "هذا تعليق عن الجيران في المدينة",
    "🙂 👩\u200d👧 fine 🙂",
    "x" * 10_000,
    " ".join(["long"] * 2_000),
    "",
    "bell\x07byte and \u202eturned\u202c around",
)
"""Texts that must do no harm: markup, right to left, emoji, one long word, many words, nothing, control characters."""

N_ROWS, N_TEST = 204, 36  # of the file; six test rows for each label and group, so that the gaps can be estimated
WORD_CONTROLS = ("random_words", "neutral_words")
_LEARNED = {"kind": "reprogram", "learning_rate": 1.0}  # large, so that six steps give every λ words of its own


def odd_texts(folder: Path) -> dict[str, Any]:
    """A study on a file of Civil Comments, with every test row in its gallery, both word controls and the probe.

    Args:
        folder: gets the file and the tiny encoder.
    """
    return _study(folder, "odd texts", max_length=160) | {
        "dataset": {"kind": "civil_comments", "root": str(_write_file(folder / "civil"))},
        "methods": [_LEARNED, *({"kind": kind} for kind in WORD_CONTROLS)],
        "lam": {"grid": list(LAMS)},
        "explain": {"gallery": N_TEST, "rows": 12, "probe": True},
    }


def made_up_comments(folder: Path) -> dict[str, Any]:
    """A study on the data that have twins, explained together with AdvIn. Its comments are cut, which saves seconds.

    Args:
        folder: gets the tiny encoder.
    """
    return _study(folder, "made-up comments", max_length=48) | {
        "dataset": {"kind": "comments", "n_train": 128, "n_tune": 128, "n_val": 24, "n_test": 48},
        "methods": [_LEARNED, *({"kind": kind} for kind in WORD_CONTROLS), {"kind": "adv_in"}],
        "lam": {"grid": [0.0, 5.0], "per": {"adv_in": {"low": 0.5, "high": 2.0, "grid": [2.0]}}},
        "explain": {"gallery": 6, "rows": 12, "probe": False},
    }


def _study(folder: Path, name: str, *, max_length: int) -> dict[str, Any]:
    """What both share: a tiny random BERT, of which all layers learn, and few steps."""
    encoder = save_family("bert", folder / "encoder", max_position_embeddings=220)
    learns = {"steps": 20, "learning_rate": 0.01, "tuned_layers": None}
    return {
        "name": name,
        "classifier": {"kind": "encoder", "model": str(encoder), "max_length": max_length, **learns},
        "budget": {"steps": 6, "validate_every": 3},
        "device": "cpu",
        "threads": 1,
    }


def _write_file(folder: Path) -> Path:
    """Write ordinary comments in the columns of WILDS; the last test rows are the odd ones. Return the folder."""
    frame = pd.concat([table()] * (N_ROWS // 32 + 1), ignore_index=True)[:N_ROWS]
    i = np.arange(N_ROWS)
    frame["id"], frame["split"] = i, np.repeat(["train", "val", "test"], [N_ROWS - 48 - N_TEST, 48, N_TEST])
    religions = ["christian", "muslim", "other_religions"]
    frame[religions] = np.eye(3)[i % 3]
    frame["toxicity"] = (i // 3 % 2).astype(float)
    frame["comment_text"] = [
        f"The {('Christians', 'Muslims', 'Buddhists')[k % 3]} next door are {('kind', 'fools')[k // 3 % 2]}, no. {k}."
        for k in i
    ]
    frame.loc[frame.index[-len(ODD) :], "comment_text"] = ODD
    write(frame, folder / FILE)
    return folder
