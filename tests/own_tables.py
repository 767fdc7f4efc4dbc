"""Two tiny studies on tables of the user's own: texts with groups that overlap, and pictures in a zip."""

import csv
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tests.tiny_encoders import save_family

N = 288  # rows, of all pairs of label and group alike
SIZES = {"train": 96, "tune": 96, "val": 48, "test": 48}
SHORT: dict[str, Any] = {
    "lam": {"grid": [0.0, 4.0]}, "budget": {"steps": 4, "validate_every": 2},
    "explain": {"gallery": 4, "rows": 8, "probe": True}, "device": "cpu", "threads": 1,
}  # fmt: skip


def texts(folder: Path) -> dict[str, Any]:
    """A study on texts with own names of columns, labels and three groups, of which some rows are in two or none."""
    folder.mkdir(parents=True, exist_ok=True)
    words = (("kind", "calm"), ("fools", "loud"))
    with (folder / "letters.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(["no", "letter", "verdict", "north", "south", "islands"])
        for i in range(N):
            rude, place = i % 2, i // 2 % 4
            letter = f"The people of place {place} are {words[rude][i // 8 % 2]}, says letter {i}."
            groups = place in (0, 3), place in (1, 3), place == 2 or i % 16 < 2
            writer.writerow([i, letter, ("fine", "rude")[rude], *groups])
    encoder = save_family("bert", folder / "encoder", max_position_embeddings=64)
    return SHORT | {
        "name": "letters",
        "dataset": {
            "kind": "table", "path": str(folder / "letters.csv"), "text": "letter", "label": "verdict",
            "labels": ["fine", "rude"], "groups": ["north", "south", "islands"], "split_sizes": SIZES,
        },
        "classifier": {"kind": "encoder", "model": str(encoder), "max_length": 32, "steps": 4},
        "triggers": [{"kind": "soft"}],
        "explain": SHORT["explain"] | {"probe": False},
    }  # fmt: skip


def pictures(folder: Path) -> dict[str, Any]:
    """A study on pictures in a zip with their table."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    with zipfile.ZipFile(folder / "people.zip", "w") as archive:
        lines = ["photo,smiling,age"]
        for i in range(N):
            pixels = rng.integers(0, 90, (36, 30, 3), dtype=np.uint8)
            pixels[8:14] += np.uint8(100 * (i % 2))
            pixels[24:, :, 0] += np.uint8(100 * (i // 2 % 2))
            with archive.open(f"photos/{i}.png", "w") as file:
                Image.fromarray(pixels).save(file, "png")
            lines.append(f"photos/{i}.png,{('no', 'yes')[i % 2]},{('old', 'young')[i // 2 % 2]}")
        archive.writestr("people.csv", "\n".join(lines))
    return SHORT | {
        "name": "people",
        "dataset": {
            "kind": "table", "path": str(folder / "people.zip"), "image": "photo", "label": "smiling", "group": "age",
            "positive": "yes", "image_size": 32, "split_sizes": SIZES,
        },
        "classifier": {"kind": "residual_net", "epochs": 1},
        "triggers": [{"kind": "border"}],
    }  # fmt: skip


STUDIES = {"text": texts, "image": pictures}
