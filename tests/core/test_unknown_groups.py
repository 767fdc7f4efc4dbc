"""Groups that are known for a part of the rows only: the others count for accuracy alone."""

from pathlib import Path

import numpy as np
import pytest
import torch

from fairprog_core.common.home import Home
from fairprog_core.common.types import Groups, Predictions
from fairprog_core.data import TableOptions
from fairprog_core.data.table.dataset import OwnTable
from fairprog_core.metrics.leakage.audit import measure_leakage
from fairprog_core.pipeline.execute import execute
from fairprog_core.results.result import Result
from fairprog_core.study import Study
from fairprog_core.training.discriminator import Discriminator, chance
from tests import known_layouts as layouts
from tests.tiny_pictures import save_vit

GROUPS = Groups(("x", "y"), np.array([[1, 0], [0, 1], [0, 0]], dtype=bool), unknown=2)
COMPLETE = Groups.exclusive("x", "y")


def batch(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Logits (1, 12, 2), labels, and pattern codes of which a third is unknown."""
    random = torch.Generator().manual_seed(seed)
    return torch.randn(1, 12, 2, generator=random), torch.arange(12)[None] % 2, torch.arange(12)[None] % 3


@pytest.mark.parametrize("conditions_on_label", [False, True])
def test_discriminator_learns_from_marked_rows_alone(conditions_on_label: bool) -> None:
    """Its loss is that of a discriminator of complete groups on the marked rows."""
    torch.manual_seed(0)
    part = Discriminator(n_classes=2, groups=GROUPS, conditions_on_label=conditions_on_label)
    whole = Discriminator(n_classes=2, groups=COMPLETE, conditions_on_label=conditions_on_label)
    whole.load_state_dict(part.state_dict())
    logits, y, z = batch()
    evidence, weight, marked = part.evidence(logits, y, torch.ones(1)), torch.ones(1, 12), z[0] < 2
    found = part.loss(evidence, z, weight)
    expected = whole.loss(evidence[:, marked], z[:, marked], weight[:, marked])
    torch.testing.assert_close(found, expected)
    nobody = part.loss(evidence, torch.full_like(z, 2), weight)
    assert [each.item() for each in nobody] == [0, 0]


def test_chance_counts_marked_rows_alone() -> None:
    """Of the marked half 0.3 and 0.2: the larger one is 0.6 of it."""
    share = np.array([[0.15, 0.15], [0.1, 0.1], [0.25, 0.25]])
    assert chance(GROUPS, share, conditions_on_label=False) == pytest.approx(0.6)
    assert chance(GROUPS, share, conditions_on_label=True) == pytest.approx(0.5)


def test_leakage_is_that_of_the_marked_rows() -> None:
    random = np.random.default_rng(0)
    n = 600
    y, z = random.integers(0, 2, n), random.integers(0, 3, n)
    logits = random.normal(size=(n, 2)).astype(np.float32)
    logits[z == 1, 1] += 1

    def leakage(rows, groups):
        given = Predictions(y=y[rows], z=z[rows], y_pred=logits[rows].argmax(1), weight=np.ones(len(rows)),
                            row=rows, logits=logits[rows])  # fmt: skip
        return measure_leakage(given, groups, given_label=False)

    part, whole = leakage(np.arange(n), GROUPS), leakage(np.flatnonzero(z < 2), COMPLETE)
    assert part.entropy == pytest.approx(whole.entropy, abs=0.01)
    assert part.gain.mean() == pytest.approx(whole.gain.mean(), abs=0.05)
    assert len(part.gain) == len(whole.gain)


@pytest.fixture
def marked_in_part(tmp_path: Path) -> dict[str, object]:
    """Pictures in folders of labels; the second table knows the group of every third one."""
    root = layouts.folders(tmp_path, ("no", "yes"), each=60)
    rows = [(f"{label}/{i}.jpg", "xy"[i // 3 % 2]) for label in ("no", "yes") for i in range(0, 60, 3)]
    layouts.table(tmp_path / "who.csv", [("file", "who"), *rows])
    sizes = {"train": 0.2, "tune": 0.3, "val": 0.25, "test": 0.25}
    return {"kind": "table", "path": str(root), "also": str(tmp_path / "who.csv"), "image": "file", "label": "folder_1",
            "group": "who", "image_size": 32, "split_sizes": sizes}  # fmt: skip


def test_rows_without_a_mark_stay_in_their_split(marked_in_part, tmp_path: Path) -> None:
    dataset = OwnTable(TableOptions.parse(marked_in_part), Home(tmp_path / "home"))
    assert dataset.groups.unknown == 2
    counts = np.bincount(np.concatenate([dataset.split(name).z for name in ("train", "tune", "val", "test")]))
    assert counts.tolist() == [20, 20, 80]
    assert (dataset.split("tune").z == 2).sum() > 5


@pytest.mark.parametrize("criterion", ["demographic_parity", "equalized_odds"])
def test_study_on_rows_that_are_marked_in_part_ends_with_curves(marked_in_part, tmp_path: Path, criterion) -> None:
    study = Study.parse({
        "dataset": marked_in_part,
        "classifier": {"kind": "image_model", "model": str(save_vit(tmp_path, ("no", "yes")))},
        "triggers": [{"kind": "border"}], "criteria": [{"kind": criterion}],
        "methods": [{"kind": "reprogram"}, {"kind": "leace"}],
        "budget": {"steps": 2}, "explain": {"gallery": 0, "rows": 0, "probe": False}, "lam": {"grid": [0.3, 1]},
    })  # fmt: skip
    (tmp_path / "run").mkdir()
    list(execute(study, home=Home(tmp_path / "home"), folder=tmp_path / "run"))
    assert {curve.method for curve in Result.open(tmp_path / "run").curves} == {"reprogram", "leace"}
