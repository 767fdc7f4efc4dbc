"""Pareto front, hypervolume, the λ to quote, and quantiles of Student's t.

A point is (accuracy, gap); a higher accuracy and a smaller gap are better. Points with NaN are left out.

Notation: m points of a curve.
"""

import moocore
import numpy as np
from numpy.typing import ArrayLike, NDArray

from fairprog_core.common.errors import ConfigError
from fairprog_core.common.types import Floats
from fairprog_core.metrics.intervals import LEVEL_Z

_MAXIMISE = [True, False]  # accuracy, gap
_T = (12.70620, 4.30265, 3.18245, 2.77645, 2.57058, 2.44691, 2.36462, 2.30600, 2.26216, 2.22814)  # 97.5 %, df 1-10


def pareto_front(accuracy: ArrayLike, gap: ArrayLike) -> NDArray[np.intp]:
    """Indices of the points that no other point dominates, from the lowest accuracy to the highest.

    Of equal points the first is kept.

    Args:
        accuracy: (m,).
        gap: (m,).
    """
    points = _points(accuracy, gap)
    known = np.flatnonzero(np.isfinite(points).all(axis=1))
    if not len(known):
        return known
    front = known[moocore.is_nondominated(points[known], maximise=_MAXIMISE)]
    return np.asarray(front[np.argsort(points[front, 0], kind="stable")])


def hypervolume(accuracy: ArrayLike, gap: ArrayLike, *, reference: tuple[float, float]) -> float | None:
    """The area (accuracy × gap) between a curve's front and the reference point.

    Args:
        accuracy: (m,).
        gap: (m,).
        reference: (majority-class accuracy, the base's gap). A point that is not better in both
            does not count.

    Returns:
        The area, 0 if no point counts; None if the reference or every gap is not estimable.
    """
    points = _points(accuracy, gap)
    known = points[np.isfinite(points).all(axis=1)]
    if not np.isfinite(reference).all() or not len(known):
        return None
    better = known[(known[:, 0] > reference[0]) & (known[:, 1] < reference[1])]
    return float(moocore.hypervolume(better, ref=reference, maximise=_MAXIMISE)) if len(better) else 0.0


def choose_lam(
    lams: ArrayLike,
    accuracy: ArrayLike,
    gap: ArrayLike,
    *,
    base_accuracy: float,
    max_loss: float,
    is_collapsed: ArrayLike | None = None,
    loss_error: ArrayLike | None = None,
) -> float:
    """The λ to quote, chosen on the validation split only.

    The λ with the smallest gap among those whose loss of accuracy plus one standard error is at most
    ``max_loss``; the standard error compensates that the loss of the best of many is biased downward. Of
    equal gaps the smaller λ. If none qualifies, the λ with the smallest loss, again the smaller of equals.
    A λ whose gap is not estimable, or that has collapsed, does not qualify.

    Args:
        lams: (m,) values of λ.
        accuracy: (m,) on validation.
        gap: (m,) on validation.
        base_accuracy: of the base classifier on validation.
        max_loss: largest allowed loss of accuracy, in 0..1.
        is_collapsed: (m,) bool; None: no λ has collapsed.
        loss_error: (m,) standard errors of the loss; None: 0.

    Raises:
        ConfigError: there is no λ to choose from.
    """
    values, right, gaps = (np.asarray(numbers, dtype=np.float64) for numbers in (lams, accuracy, gap))
    if not len(values):
        raise ConfigError("There is no λ to choose from; give the study at least one value in lam.grid.")
    loss = np.nan_to_num(base_accuracy - right, nan=np.inf)
    upper_loss = loss if loss_error is None else loss + np.asarray(loss_error, dtype=np.float64)
    qualifies = (upper_loss <= max_loss + 1e-12) & np.isfinite(gaps)
    if is_collapsed is not None:
        qualifies &= ~np.asarray(is_collapsed, dtype=bool)
    if qualifies.any():
        return float(values[np.lexsort((values, np.where(qualifies, gaps, np.inf)))[0]])
    return float(values[np.lexsort((values, loss))[0]])


def t_quantile(df: int) -> float:
    """The 97.5 % quantile of Student's t with ``df`` ≥ 1 degrees of freedom, to 2e-4.

    Computed here and not by scipy, which the page server should not load. From 11 degrees of freedom on the
    Cornish-Fisher expansion around the normal quantile.
    """
    if df <= len(_T):
        return _T[df - 1]
    z = LEVEL_Z
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / df + second / df**2 + third / df**3


def _points(accuracy: ArrayLike, gap: ArrayLike) -> Floats:
    """(m, 2) floats; None becomes NaN."""
    return np.column_stack([np.asarray(values, dtype=np.float64) for values in (accuracy, gap)])
