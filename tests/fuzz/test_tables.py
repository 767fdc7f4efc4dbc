"""Tables of the user's own, damaged: in every format, with any options."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fairprog_core.common.home import Home
from fairprog_core.data import TableOptions
from fairprog_core.data.table.dataset import OwnTable
from fairprog_core.data.table.inspect import inspect
from fairprog_core.data.table.splits import PARTS
from tests.core.test_table_formats import FORMATS, HEADER
from tests.fuzz.harness import Fuzz
from tests.fuzz.mutations import mutate_bytes
from tests.fuzz.test_data import other_cells

CONTENTS = {name: make() for name, make in FORMATS.items()}
MARKS = {"commas": ",", "tabs": "\t", "semicolons": ";", "bars": "|"}
COLUMNS = ("", *HEADER, "gone", "\x1b[2J")


def damaged(rng: random.Random) -> tuple[bytes, dict[str, Any]]:
    """A table with other cells or bytes, and options that may fit it."""
    name = rng.choice(list(CONTENTS))
    content = CONTENTS[name]
    if name in MARKS and rng.random() < 0.7:
        content = other_cells(content.decode(), rng, MARKS[name]).encode("utf-8", "surrogatepass")
    elif rng.random() < 0.7:
        content = mutate_bytes(content, rng)
    return content, options(rng)


def options(rng: random.Random) -> dict[str, Any]:
    found: dict[str, Any] = {
        "text": "text",
        "label": "label",
        "group": "group",
        "split": rng.choice(("split", "split", "split", "")),
    }
    for _ in range(rng.choice((0, 0, 0, 1, 2))):
        found[rng.choice(("text", "image", "label", "group", "split", "weight"))] = rng.choice(COLUMNS)
    if rng.random() < 0.2:
        found |= {"group": "", "groups": rng.sample(HEADER, 2)}
    if rng.random() < 0.2:
        found["threshold"] = rng.choice((0.5, 0, -1e300))
    if rng.random() < 0.2:
        found["labels"] = rng.sample(("true", "false", "x", "no"), 2)
    found["max_broken"] = rng.choice((0, 0.3, 0.5, 1))
    return found


def reading(folder: Path) -> Callable[[tuple[bytes, dict[str, Any]]], object]:
    """Look at the table, then read all of its splits."""

    def read(given: tuple[bytes, dict[str, Any]]) -> object:
        content, values = given
        (file := folder / "own.csv").write_bytes(content)
        chosen = TableOptions.parse({"path": str(file), **values})
        inspect(chosen, Home(folder / "home"))
        dataset = OwnTable(chosen, Home(folder / "home"))
        return [(len(dataset.split(name).y), dataset.split_digest(name)) for name in PARTS]

    return read


def test_table(fuzz: Fuzz, tmp_path: Path) -> None:
    fuzz("own table", damaged, reading(tmp_path), default=150)
