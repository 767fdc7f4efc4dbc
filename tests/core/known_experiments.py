"""Finished studies for figures 4 to 6 of the paper with known gaps, written by hand: for the core tests of their rows.

The gap is half the difference of the true positive rates and half that of the false positive rates, .15.
"""

from dataclasses import fields, replace
from pathlib import Path

from fairprog_core.metrics.comparison import Pair, share_kept
from fairprog_core.metrics.report import report
from fairprog_core.results.curve import CurveId, Transfer, TransferCurve
from fairprog_core.results.result import Result
from tests.core.known_rates import BASE, GAP, GROUPS, LABELS, METHODS, predictions, write_duel

SHARES = {"reprogram-border@0.05": [BASE, (0.80, 0.51)], "reprogram-border@1.0": [BASE, (0.78, 0.60)]}
OTHER = (0.85, 0.45)  # TPR of women and men for the other base, whose gap is as large: .275
SOURCE, TARGET = "net, seed 0", "net, seed 1"


def write_shares(folder: Path) -> Path:
    """The border learned from 5 % and from all of the tuning data; its gap falls from .275 to .22 and to .165."""
    return write_duel(folder, methods=SHARES, seeds=(0,), name="shares")


def write_transfer(folder: Path, *, source: str = SOURCE, target: str = TARGET) -> Path:
    """The border on another base, where it closes .055 of the gap at λ = 1; on its own base it closes .11."""
    write_duel(folder, methods={"reprogram-border": METHODS["reprogram-border"]}, seeds=(0,), name="transfer")
    result, about = Result.open(folder), {"groups": GROUPS, "labels": LABELS}
    (curve,), base = result.curves, predictions(*OTHER)
    same = {"trigger": curve.trigger, "criterion": curve.criterion, "seed": curve.seed, "base": base}
    rates = [(0.0, OTHER), (1.0, (0.82, 0.53)), (2.0, (0.80, 0.56))]
    points = [report(predictions(*said), method="reprogram", lam=lam, **same, **about) for lam, said in rates]
    points.append(report(predictions(0.85, 0.47), method="random_trigger", lam=None, **same, **about))
    own = result.predictions(result.chosen_point(curve))
    kept = share_kept(
        Pair(predictions(*BASE), own), Pair(base, predictions(0.82, 0.53)), groups=GROUPS, n_classes=2, gap=GAP
    )
    names = {each.name: getattr(curve, each.name) for each in fields(CurveId)}
    tried = TransferCurve(**names, points=[replace(point, base=target) for point in points], kept=kept.to_json())
    point = replace(report(base, method="base", seed=1, **about), base=target)
    replace(result, transfer=[Transfer(source, target, point, [tried])]).save()
    return folder


def write_classes(folder: Path, n: int, *, left_out: tuple[str, ...] = ()) -> Path:
    """The border for so many classes, of which some are too rare to count; the rows are those of two classes."""
    write_duel(folder, methods={"reprogram-border": METHODS["reprogram-border"]}, seeds=(0,), name=f"{n} classes")
    result = Result.open(folder)
    labels = [f"label {i}" for i in range(n)]
    replace(result, labels=labels, base=replace(result.base, left_out=list(left_out))).save()
    return folder
