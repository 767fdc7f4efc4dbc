"""Any table of rows survives: what is written is what is read, and splits share no input."""

import csv
import io
import tempfile
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fairprog_core.common.home import Home
from fairprog_core.data import TableOptions
from fairprog_core.data.options.table import SplitSizes
from fairprog_core.data.table.dataset import OwnTable
from fairprog_core.data.table.splits import DRAWN, PARTS, UNUSED, assign

TEXTS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0\ufdd0"), min_size=1, max_size=30)
FEW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@FEW
@given(
    texts=st.lists(TEXTS.filter(str.strip), min_size=16, max_size=40),
    separator=st.sampled_from(",;\t|"),
    encoding=st.sampled_from(("utf-8", "utf-8-sig", "utf-16")),
)
def test_texts_are_read_as_they_were_written(texts: list[str], separator: str, encoding: str) -> None:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(["text", "label", "group"])
    for i, text in enumerate(texts):
        writer.writerow([text, ("no", "yes")[i % 2], ("x", "y")[i // 2 % 2]])
    with tempfile.TemporaryDirectory() as folder:
        (file := Path(folder) / "own.csv").write_bytes(out.getvalue().encode(encoding))
        options = TableOptions(path=str(file), text="text", label="label", group="group")
        dataset = OwnTable(options, Home(Path(folder) / "home"))
        assert dataset.names == texts
        assert dataset.rows["y"].tolist() == [i % 2 for i in range(len(texts))]
        assert dataset.rows["z"].tolist() == [i // 2 % 2 for i in range(len(texts))]
        assert dataset.about.n_broken == 0


@FEW
@given(
    cells=st.lists(st.integers(0, 5), min_size=1, max_size=300),
    n_inputs=st.integers(1, 300),
    sizes=st.lists(st.integers(1, 9), min_size=4, max_size=4),
    seed=st.integers(0, 9),
)
def test_drawn_splits_share_no_input_and_have_their_shares(
    cells: list[int], n_inputs: int, sizes: list[int], seed: int
) -> None:
    n = len(cells)
    same = np.random.default_rng(seed).integers(0, n_inputs, n).astype(np.uint64)
    shares = SplitSizes(**{name: size / (sum(sizes) + 1) for name, size in zip(PARTS, sizes, strict=True)})
    found = assign(np.full(n, DRAWN, np.int8), np.array(cells), same, sizes=shares, seed=seed)
    largest = int(np.unique(same, return_counts=True)[1].max())
    inputs = [set(same[found.part == i].tolist()) for i in (UNUSED, *range(len(PARTS)))]
    assert sum(map(len, inputs)) == len(set(same.tolist()))
    for i, name in enumerate(PARTS):
        assert abs((found.part == i).sum() - getattr(shares, name) * n) <= largest + 1
