"""`SmallNetwork`: a network with one hidden layer, fitted to a few thousand rows in milliseconds.

Notation: n rows, d features, k answers.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from fairprog_core.common.types import Floats

_HIDDEN = 16  # units
_DECAY = 0.1  # L2 penalty of the weights, in rows


class SmallNetwork:
    """A hidden layer of 16 ReLUs under a softmax, fitted by L-BFGS.

    It is scikit-learn's ``MLPClassifier((16,), solver="lbfgs", alpha=0.1, max_iter=100)``: the start, the loss and
    the steps are the same, so that the probabilities agree up to rounding. It takes less than half of the time: the
    rows lie along the last axis, and a step makes few arrays. For two answers there is one logit, that of the second.

    Attributes:
        classes_: the k answers of the training rows.
    """

    classes_: NDArray[np.int64]

    def __init__(self, *, seed: int, iterations: int = 100) -> None:
        """A network that is not fitted yet: the seed of its start, and the most iterations of L-BFGS."""
        self._seed, self._iterations = seed, iterations
        self._parameters, self._n_features = np.empty(0), 0

    def fit(self, features: Floats, answer: NDArray[np.int64], sample_weight: Floats) -> None:
        """Fit the network to n rows.

        Args:
            features: (n, d), standardised.
            answer: (n,) codes.
            sample_weight: (n,) of any sum; the penalty counts against it.
        """
        from scipy.optimize import minimize  # type: ignore[import-untyped]

        self.classes_, self._n_features = np.unique(answer), features.shape[1]
        loss = self._loss(features, answer == self.classes_[:, None], sample_weight)
        steps = {"maxiter": self._iterations, "gtol": 1e-4}  # it is stopped early on purpose
        self._parameters = minimize(loss, self._start(), jac=True, method="L-BFGS-B", options=steps).x

    def predict_proba(self, features: Floats) -> Floats:
        """(n, k) probabilities of the answers."""
        hidden, output = self._layers(self._parameters)
        active = np.maximum(hidden[:, :-1] @ features.T + hidden[:, -1:], 0)
        logits = output[:, :-1] @ active + output[:, -1:]
        if len(self.classes_) == 2:
            logits = np.vstack([np.zeros_like(logits), logits])
        odds = np.exp(logits - logits.max(axis=0))
        return np.asarray((odds / odds.sum(axis=0)).T)

    def _loss(
        self, features: Floats, is_answer: NDArray[np.bool_], weight: Floats
    ) -> Callable[[Floats], tuple[float, Floats]]:
        """The mean cross-entropy with the penalty, and its gradient, as a function of the parameters."""
        total, n = weight.sum(), len(features)
        inputs = np.vstack([features.T, np.ones(n)])
        share, active = weight / total, np.ones((_HIDDEN + 1, n))
        back, is_active = np.empty((_HIDDEN, n)), np.empty((_HIDDEN, n), dtype=bool)
        spread = np.multiply if self._n_logits == 1 else np.matmul  # (16, logits) by (logits, n)
        decay = np.full(len(self._start()), _DECAY / total)
        for layer in self._layers(decay):
            layer[:, -1] = 0  # biases are free

        def loss(parameters: Floats) -> tuple[float, Floats]:
            hidden, output = self._layers(parameters)
            np.matmul(hidden, inputs, out=active[:-1])
            np.greater(active[:-1], 0, out=is_active)
            np.maximum(active[:-1], 0, out=active[:-1])
            cost, error = _cross_entropy(output @ active, is_answer)
            error *= share
            np.multiply(spread(output[:, :-1].T, error, out=back), is_active, out=back)
            gradient = np.concatenate([(back @ inputs.T).ravel(), (error @ active.T).ravel()])
            pull = decay * parameters
            return float(share @ cost + pull @ parameters / 2), gradient + pull

        return loss

    def _start(self) -> Floats:
        """Random parameters of both layers, in scikit-learn's order and range."""
        from sklearn.utils import check_random_state

        random, layers = check_random_state(self._seed), []
        for n_in, n_out in ((self._n_features, _HIDDEN), (_HIDDEN, self._n_logits)):
            bound = (6 / (n_in + n_out)) ** 0.5
            slopes, biases = random.uniform(-bound, bound, (n_in, n_out)), random.uniform(-bound, bound, n_out)
            layers.append(np.vstack([slopes, biases]).T.ravel())
        return np.concatenate(layers)

    @property
    def _n_logits(self) -> int:
        return 1 if len(self.classes_) == 2 else len(self.classes_)

    def _layers(self, parameters: Floats) -> tuple[Floats, Floats]:
        """(16, d + 1) and (logits, 17): views of the parameters of both layers; the last column is the bias."""
        cut = _HIDDEN * (self._n_features + 1)
        return parameters[:cut].reshape(_HIDDEN, -1), parameters[cut:].reshape(-1, _HIDDEN + 1)


def _cross_entropy(logits: Floats, is_answer: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """(n,) cost in nats of the correct answers, and its derivatives by the logits, (1, n) for two answers."""
    if len(logits) == 1:
        lead = np.where(is_answer[1], logits, -logits)
        odds = np.exp(-np.abs(lead))
        missed = np.where(lead > 0, odds, 1.0) / (1 + odds)
        return (np.log1p(odds) - np.minimum(lead, 0))[0], np.where(is_answer[1], -missed, missed)
    logits = logits - logits.max(axis=0)
    odds = np.exp(logits)
    sums = odds.sum(axis=0)
    return np.log(sums) - np.where(is_answer, logits, 0).sum(axis=0), odds / sums - is_answer
