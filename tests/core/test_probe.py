"""The probe: null pictures, demographic classifiers and their cache, reading the group from features."""

from pathlib import Path

import numpy as np
import pytest
import torch

from fairprog_core.classifiers import CLASSIFIERS
from fairprog_core.classifiers.base import Classifier, freeze
from fairprog_core.common.home import Home
from fairprog_core.common.registry import build
from fairprog_core.data import DATASETS
from fairprog_core.data.base import Dataset, Split
from fairprog_core.explain import ProbeOptions
from fairprog_core.explain.image.null_pictures import null_pictures
from fairprog_core.explain.linear_probe import even_weight, fit_probes, is_predicted, logistic_regression
from fairprog_core.explain.probe import INITS, demographic_classifier, group_probability
from tests.contracts.samples import make_classifier

KINDS = [
    kind for kind, entry in CLASSIFIERS.items() if entry.options.modality == "image" and not entry.options.only_answers
]  # fmt: skip
SHORT = ProbeOptions(rows=64, epochs=1)


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    options = DATASETS["faces"].options(image_size=32, n_train=64, n_tune=64, n_val=16, n_test=16)
    made: Dataset = build(DATASETS, options, Home(tmp_path_factory.mktemp("home")))
    return made


def base(kind: str = "residual_net") -> Classifier:
    return freeze(make_classifier(kind, n_classes=3))


def learn(init: str, faces: Dataset, classifier: Classifier, home: Home) -> tuple[list[float], Classifier]:
    """What training reports, and the classifier."""
    work = demographic_classifier(init, faces, classifier, home=home, options=SHORT)  # type: ignore[arg-type]
    reports = []
    while True:
        try:
            reports.append(next(work))
        except StopIteration as end:
            return reports, end.value


def cross_validated(features: np.ndarray, z: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Whether each row's pattern is predicted by the probe that was fitted without it."""
    return is_predicted(fit_probes(features, z, y), features, z)


def test_null_pictures_are_mean_black_grey_and_noise():
    """Two photos of 10 and 250; cells share .75 and .25 of the natural mix: 10 · .75 + 250 · .25 = 70."""
    x = np.stack([np.full((4, 4, 3), 10), np.full((4, 4, 3), 250)]).astype(np.uint8)
    split = Split(x, np.array([0, 1]), np.array([0, 1]), np.diag([0.75, 0.25]), is_stratified=True)
    mean, black, grey, noise = null_pictures(split, seed=3)
    assert (mean == 70).all()
    assert not black.any()
    assert (grey == 128).all()
    assert noise.std() > 40
    np.testing.assert_array_equal(null_pictures(split, seed=3)[3], noise)


@pytest.mark.parametrize("init", INITS)
def test_second_call_finds_the_first_ones_weights(init: str, faces: Dataset, home: Home):
    classifier = base()
    reports, first = learn(init, faces, classifier, home)
    again, second = learn(init, faces, classifier, home)
    assert reports == sorted(reports)
    assert (reports[-1], again) == (1.0, [])
    assert first.digest() == second.digest()
    assert not any(parameter.requires_grad for parameter in second.parameters())


@pytest.mark.parametrize("kind", KINDS)
def test_base_is_left_alone_and_gets_one_output_per_group(kind: str, faces: Dataset, home: Home):
    classifier = base(kind)
    before = classifier.digest()
    _, learned = learn("base weights", faces, classifier, home)
    assert classifier.digest() == before
    assert not any(parameter.requires_grad for parameter in classifier.parameters())
    probability = group_probability(learned, torch.rand(2, 3, 32, 32), faces.groups.patterns)
    assert probability.shape == (2, 2)
    assert probability.sum(1) == pytest.approx(1.0)


def test_cache_tells_inits_and_bases_apart(faces: Dataset, home: Home):
    other = base()
    with torch.no_grad():
        other.head.bias += 1
    for classifier in (base(), other):
        for init in INITS:
            learn(init, faces, classifier, home)
    kept = list(Path(home.cache / "demographic").glob("*.safetensors"))
    assert len(kept) == 4  # the two seeds once, the base's weights once per base


def test_global_random_state_is_left_alone(faces: Dataset, home: Home):
    classifier = base()
    torch.manual_seed(5)
    learn("seed 1", faces, classifier, home)
    after = torch.rand(1)
    torch.manual_seed(5)
    assert torch.equal(torch.rand(1), after)


def test_probability_of_a_group_adds_its_patterns():
    """Patterns: none, a, a and b. Probabilities .2, .3, .5 make P(a) = .8, P(b) = .5."""
    patterns = np.array([[0, 0], [1, 0], [1, 1]], dtype=bool)

    class Fixed(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.tensor([[0.2, 0.3, 0.5]]).log().expand(len(x), 3)

    assert group_probability(Fixed(), torch.zeros(1, 3, 2, 2), patterns)[0] == pytest.approx([0.8, 0.5])


def test_even_weights_equal_the_arithmetic():
    """Cells of 3 and 1 rows: 4 / (2 · 3) = 2/3 each, and 4 / (2 · 1) = 2."""
    weight = even_weight(np.array([0, 0, 0, 1]), np.array([1, 1, 1, 1]))
    assert weight == pytest.approx([2 / 3, 2 / 3, 2 / 3, 2])


def test_logistic_regression_equals_scikit_learn():
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(0)
    x = rng.normal(size=(150, 4))
    is_one = rng.random(150) < 1 / (1 + np.exp(-x @ [1.0, -2.0, 0.5, 0.0]))
    weight = rng.uniform(0.5, 2, 150)
    ours = logistic_regression(np.c_[x, np.ones(150)], is_one, weight)
    other = LogisticRegression(C=1.0, tol=1e-8, max_iter=1000).fit(x, is_one, weight)
    assert ours == pytest.approx([*other.coef_[0], other.intercept_[0]], abs=1e-4)


@pytest.mark.parametrize(("n", "d"), [(30, 50), (60, 7)])
def test_regressions_on_what_the_rows_span_are_those_on_all_features(n, d):
    rng = np.random.default_rng(0)
    features, z, y = rng.normal(size=(n, d)), rng.integers(0, 3, n), rng.integers(0, 2, n)
    for reader in fit_probes(features, z, y):
        fit = ~reader.is_held_out
        for told, name in zip(reader.coefficients.T, reader.names, strict=True):
            whole = logistic_regression(reader.columns(features[fit]), z[fit] == name, even_weight(z, y)[fit])
            np.testing.assert_allclose(told, whole, atol=1e-6)


def test_logistic_regression_of_separable_rows_stays_finite():
    x = np.c_[np.r_[-np.ones(20), np.ones(20)] * 50, np.ones(40)]
    found = logistic_regression(x, x[:, 0] > 0, np.ones(40))
    assert np.isfinite(found).all()
    assert ((x @ found > 0) == (x[:, 0] > 0)).all()


@pytest.mark.parametrize("n_groups", [2, 3])
def test_group_that_is_in_the_features_is_read(n_groups: int):
    rng = np.random.default_rng(0)
    z, y = rng.integers(0, n_groups, 200), rng.integers(0, 2, 200)
    features = rng.normal(size=(200, 5))
    features[np.arange(200), z] += 8
    assert cross_validated(features, z, y).mean() > 0.95


def test_group_that_is_not_in_the_features_is_read_at_chance():
    rng = np.random.default_rng(0)
    z, y = np.arange(400) % 2, np.arange(400) // 2 % 2
    assert 0.4 < cross_validated(rng.normal(size=(400, 5)), z, y).mean() < 0.6


def test_label_alone_does_not_tell_the_group():
    """Natural rows: z and y go together in 9 of 10. Counted evenly over the cells, the label says nothing."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 600)
    z = np.where(rng.random(600) < 0.9, y, 1 - y)
    right = cross_validated(y[:, None] + 0.01 * rng.normal(size=(600, 1)), z, y)
    assert 0.35 < np.average(right, weights=even_weight(z, y)) < 0.65


def test_fixed_reader_is_blind_to_what_moved_elsewhere():
    """The group lies in column 0 without the trigger and in column 1 with it: only a new reader finds it."""
    rng = np.random.default_rng(0)
    z, y = np.arange(200) % 2, np.arange(200) // 2 % 2
    before, after = rng.normal(size=(2, 200, 2))
    before[:, 0] += 6 * z
    after[:, 1] += 6 * z
    assert cross_validated(before, z, y).mean() > 0.95
    assert cross_validated(after, z, y).mean() > 0.95
    assert is_predicted(fit_probes(before, z, y), after, z).mean() < 0.7
