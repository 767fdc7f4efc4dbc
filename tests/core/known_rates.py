"""A finished study of several methods and seeds with known rates, written by hand: for core tests of comparisons."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fairprog_core.common.types import Groups, Predictions
from fairprog_core.metrics.report import report
from fairprog_core.results.curve import Curve
from fairprog_core.results.predictions_file import write_predictions
from fairprog_core.results.result import Result

GROUPS = Groups.exclusive("woman", "man")
LABELS = ("no", "yes")
GAP = "average_abs_odds_difference"
N = 800  # test rows, even over (z, y)
BASE = (0.80, 0.40)  # TPR of women and men; FPR is .05 and .20 for all

Points = Sequence[tuple[float, float]]  # TPR of women and men for every λ
METHODS: dict[str, Points] = {
    "reprogram-border": [BASE, (0.78, 0.60), (0.75, 0.70)],
    "last_layer": [BASE, (0.80, 0.45), (0.78, 0.50)],
    "leace": [(0.79, 0.59), (0.76, 0.69)],
}


def predictions(woman: float, man: float, *, seed: int = 0) -> Predictions:
    """Answers with these true positive rates; the same rows of a group give way first, whatever the rates."""
    z, y = np.arange(N) % 2, np.arange(N) // 2 % 2
    luck = np.random.default_rng(seed).permutation(N) / N
    place = np.empty(N)
    for cell in range(4):
        of_cell = np.flatnonzero(z * 2 + y == cell)
        place[of_cell[np.argsort(luck[of_cell])]] = (np.arange(len(of_cell)) + 0.5) / len(of_cell)
    share = np.where(y == 1, np.where(z == 1, man, woman), np.where(z == 1, 0.2, 0.05))
    logit = (share - place).astype(np.float32)
    logits = np.column_stack([np.zeros_like(logit), logit])
    return Predictions(logits, (logit > 0).astype(np.int64), y, z, np.ones(N), np.arange(N), is_stratified=True)


def write_duel(
    folder: Path,
    *,
    methods: Mapping[str, Points] = METHODS,
    seeds: Sequence[int] = (0, 1),
    mode: str = "amortised",
    row_seed: int = 0,
    name: str = "duel",
) -> Path:
    """Write the folder of such a study; ``method-trigger`` or ``method`` names a curve, ``@0.05`` its share."""
    about: dict[str, Any] = {"groups": GROUPS, "labels": LABELS}

    def kept(found: Predictions, file: str) -> dict[str, str]:
        write_predictions(folder / file, found, **about)
        return {"predictions": f"runs/{folder.name}/{file}"}

    base = predictions(*BASE, seed=row_seed)
    base_point = report(base, method="base", seed=0, artifacts=kept(base, "base/predictions.parquet"), **about)
    points, curves = [], []
    for seed in seeds:
        for number, (key, rates) in enumerate(methods.items()):
            known_as, _, share = key.partition("@")
            method, _, trigger = known_as.partition("-")
            same = {"method": method, "trigger": trigger or None, "criterion": "equalized_odds", "seed": seed}
            same |= {"tuning_ratio": float(share)} if share else {}
            curve = f"{known_as}-equalized_odds{f'-t{share}' if share else ''}-s{seed}"
            for lam, (woman, man) in enumerate(rates):
                found = predictions(woman - 0.01 * seed, man, seed=row_seed)
                files = kept(found, f"curves/{curve}/lam-{lam}.parquet")
                points.append(report(found, base=base, lam=float(lam), artifacts=files, **same, **about))
            curves.append(
                Curve(
                    key=curve, gap=GAP, lams=[float(i) for i in range(len(rates))],
                    chosen_lam=min(1.0, len(rates) - 1.0), seconds=10.0 * (1 + number), hypervolume=0.01,
                    artifact_name=f"runs/{folder.name}/nothing", n_parameters=66, steps=1, best_step=1, folder=folder,
                    **same,
                )
            )  # fmt: skip
    study = {"name": name, "mode": mode, "dataset": {"kind": "faces"}, "seeds": list(seeds)}
    Result(
        folder=folder, study=study, base=base_point, points=points, curves=curves, labels=list(LABELS),
        group_names=list(GROUPS.names), is_complete=True, majority_accuracy=0.5,
    ).save()  # fmt: skip
    return folder
