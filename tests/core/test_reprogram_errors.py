"""What ``fp.reprogram`` refuses: one sentence that says what was found and what to do; the model stays as it was."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

import fairprog_core as fp
from fairprog_core.common.errors import FairprogError
from fairprog_core.common.lam_range import LamRange
from tests.own_models import SmallNet, pictures

ROWS = pictures(120, 1, agreement=0.7)
X, Y, Z = ROWS
FLOATS = X.astype(np.float32) / 255
FINE: dict[str, Any] = {
    "tune": ROWS, "validation": ROWS, "trigger": "border", "criterion": "equalized_odds", "steps": 1,
    "lams": [0.0, 1.0], "progress": False, "device": "cpu",
}  # fmt: skip


def with_nan(x: Any) -> Any:
    x = np.array(x, dtype=np.float32)
    x[3, 2, 2, 0] = np.nan
    return x


ROWS_WRONG: dict[str, tuple[Any, str]] = {
    "two parts": ((X, Y), "tune is 2 values; give three: tune=\\(x, y, z\\)"),
    "no tuple": (X, "tune is ndarray; give three"),
    "flat": ((X.reshape(120, -1), Y, Z), r"x of tune has the shape \(120, 768\)"),
    "one picture": ((X[0], Y, Z), r"x of tune has the shape \(16, 16, 3\)"),
    "grey": ((X[..., :1], Y, Z), r"the shape \(120, 16, 16, 1\).*repeat the channel of grey pictures three times"),
    "not square": ((X[:, :12], Y, Z), "12 × 16 pixels .*need square ones: crop or scale"),
    "tiny": ((X[:, :4, :4], Y, Z), "4 × 4 pixels; allowed are 8 … 4096"),
    "none": ((X[:0], Y[:0], Z[:0]), "x of tune has no rows"),
    "integers": ((X.astype(int), Y, Z), "values of the type int64; give pictures as uint8 or as floats in 0 … 1"),
    "words": ((["a"] * 120, Y, Z), "x of tune"),
    "ragged": (([X[0], X[1, :8]], Y, Z), "x of tune"),
    "0 to 255": ((FLOATS * 255, Y, Z), "floats from .* to 2.., allowed are 0 … 1; divide by 255"),
    "normalised": ((FLOATS * 4 - 2, Y, Z), "allowed are 0 … 1; give the normalisation as preprocess="),
    "nan": ((with_nan(FLOATS), Y, Z), "x of tune holds NaN or infinite values"),
    "fewer labels": ((X, Y[:-1], Z), "numbers of rows differ .x of tune has 120, y of tune has 119, z of tune has 120"),
    "fewer groups": ((X, Y, Z[:-5]), "z of tune has 115"),
    "label nan": ((X, np.where(np.arange(120) == 7, np.nan, Y), Z), "y of tune has 1 missing .*the first in row 7"),
    "group none": ((X, Y, [None, *map(str, Z[1:])]), "z of tune has 1 missing values"),
    "one class": ((X, np.zeros(120, int), Z), "y of tune holds a single label, 0; give rows of at least two labels"),
    "one group": ((X, Y, [0] * 120), "z of tune holds a single group, '?0'?; give rows of at least two groups"),
    "scores": ((X, Y * 0.3, Z), "y of tune holds 0.3"),
    "third label": ((X, np.where(np.arange(120) < 9, 2, Y), Z), "y of tune holds 2, allowed are 0 … 1"),
    "third word": ((X, np.where(np.arange(120) < 9, "c", Y.astype(str)), Z), "3 different labels, the model has 2"),
    "empty cell": ((X[Y >= Z], Y[Y >= Z], Z[Y >= Z]), "tune has no row of the group '1' with the label '0'"),
    "other order": (
        (X, pd.Series(Y), pd.DataFrame({"a": Z, "b": 1 - Z}).sample(frac=1, random_state=0)),
        "The index of z of tune holds the rows of y of tune in another order",
    ),
    "empty column": ((X, Y, pd.DataFrame({"a": Z, "b": 0 * Z})), "the group 'b' has no rows; leave its column out"),
}  # fmt: skip


@pytest.mark.parametrize("case", ROWS_WRONG)
@pytest.mark.parametrize("which", ["tune", "validation"])
def test_rows_that_do_not_fit_are_one_sentence(case: str, which: str) -> None:
    rows, sentence = ROWS_WRONG[case]
    model = SmallNet()
    if case in ("third label", "third word") and which == "validation":
        sentence = "y of validation holds .*which is none of the labels"
    if case == "empty column" and which == "validation":
        sentence = "z of validation has the columns 'a', 'b'; give those of the groups '0', '1'"
    with pytest.raises(FairprogError, match=sentence.replace("tune", which)) as caught:
        fp.reprogram(model, **FINE | {which: rows})
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)
    assert model.training
    assert all(value.requires_grad for value in model.parameters())


OPTIONS_WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "lam nan": ({"lams": [0, float("nan")]}, "lams holds nan; give finite numbers from 0 on"),
    "lam negative": ({"lams": [-1, 2]}, "lams holds -1"),
    "lam infinite": ({"lams": [float("inf")]}, "lams holds inf"),
    "no lam": ({"lams": []}, "lams is empty"),
    "lam no list": ({"lams": 3}, "lams is 3; give numbers"),
    "trigger": ({"trigger": "borders"}, "trigger is 'borders', allowed are border, frame"),
    "trigger for texts": ({"trigger": "soft"}, "The trigger soft is not for image inputs; choose border, frame"),
    "criterion": ({"criterion": None}, "criterion is None, allowed are equalized_odds, demographic_parity"),
    "unknown option": ({"fotos": 1}, "There is no option 'fotos'; allowed are .*photo"),
    "photo": ({"photo": 3}, "photo"),
    "steps": ({"steps": 0}, "steps"),
    "seed": ({"seed": -1}, "seed is -1, allowed are integers from 0"),
    "device": ({"device": "gpu"}, "device is 'gpu', allowed are auto, cpu, cuda and mps"),
    "labels": ({"labels": ["a"]}, "labels has 1 values, the model 2 logits"),
    "size": ({"validation": (X[:, :12, :12], Y, Z)}, "validation has the size 12 × 12 × 3, x of tune 16 × 16 × 3"),
    "other group": ({"validation": (X, Y, Z + 1)}, "z of validation holds '2', which is none of the groups '0', '1'"),
}


@pytest.mark.parametrize("case", OPTIONS_WRONG)
def test_options_that_do_not_fit_are_one_sentence(case: str) -> None:
    given, sentence = OPTIONS_WRONG[case]
    with pytest.raises(FairprogError, match=sentence):
        fp.reprogram(SmallNet(), **FINE | given)


class Returns(nn.Module):
    """A model that returns what a function makes of its logits."""

    def __init__(self, change: Callable[[torch.Tensor], Any]) -> None:
        super().__init__()
        self.net, self.change = SmallNet(), change

    def forward(self, x: torch.Tensor) -> Any:
        return self.change(self.net(x))


MODELS_WRONG: dict[str, tuple[Any, str]] = {
    "function": (lambda x: x, "model is <function .*give a torch.nn.Module from inputs to logits"),
    "tuple": (Returns(lambda logits: (logits, logits)), "output has the type tuple, allowed are logits"),
    "maps": (Returns(lambda logits: logits[:, :, None, None]), r"output has the shape \(2, 2, 1, 1\)"),
    "classes": (Returns(lambda logits: logits.argmax(1)), "allowed are logits"),
    "mean": (Returns(lambda logits: logits.mean(0, keepdim=True)), r"the shape \(1, 2\) for 2 rows"),
    "nan": (Returns(lambda logits: logits * torch.nan), "logits are not finite for the first rows"),
    "many": (Returns(lambda logits: logits.repeat(1, 40)), "The model has 80 logits, allowed are 64"),
    "no gradient": (Returns(lambda logits: logits.detach()), "No gradient reaches the model's inputs"),
    "fails": (Returns(lambda logits: {}["key"]), "The model fails on 2 of the rows"),
    "other size": (nn.Sequential(nn.Flatten(), nn.Linear(5, 2)), "The model fails on 2 of the rows"),
}


@pytest.mark.parametrize("case", MODELS_WRONG)
def test_models_that_do_not_fit_are_one_sentence(case: str) -> None:
    model, sentence = MODELS_WRONG[case]
    with pytest.raises(FairprogError, match=sentence):
        fp.reprogram(model, **FINE)


@pytest.fixture(scope="module")
def fair() -> fp.Reprogrammed:
    """An untrained model, reprogrammed in one step."""
    return fp.reprogram(SmallNet(), **FINE | {"lams": LamRange(low=0.5, high=4, grid=(0.0, 1.0, 4.0))})


@pytest.mark.parametrize("lam", [float("nan"), -0.1, 4.1, float("inf"), "1", [1]])
def test_lam_out_of_the_trained_range_is_one_sentence(fair: fp.Reprogrammed, lam: Any) -> None:
    for call in (fair.module, lambda lam: fair.predict(X, lam)):
        with pytest.raises(FairprogError, match="lam is .*, allowed are numbers from 0 to 4, the trained range"):
            call(lam)


def test_rows_of_ones_own_that_do_not_fit_are_one_sentence(fair: fp.Reprogrammed) -> None:
    for rows, sentence in (
        ((X, Y, Z + 1), "z of evaluate holds '2', which is none of the groups"),
        ((X, Y + 1, Z), "y of evaluate holds 2, which is none of the labels 0, 1"),
        ((X[:, :12, :12], Y, Z), "3 × 12 × 12, the trigger was made for 3 × 16 × 16"),
        ((FLOATS * 9, Y, Z), "allowed are 0 … 1"),
        ((X, Y, 0 * Z), "z of evaluate holds a single group, '0'; give rows of at least two groups"),
        ((X, Y[1:], Z), "numbers of rows differ"),
    ):
        with pytest.raises(FairprogError, match=sentence):
            fair.evaluate(*rows)
    with pytest.raises(FairprogError, match="x has the shape"):
        fair.predict(X[0])
