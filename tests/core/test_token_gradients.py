"""Integrated Gradients on word vectors: linear by hand, completeness, what is kept, steps and convergence."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from fairprog_core.classifiers.encoder.classifier import Encoder
from fairprog_core.classifiers.encoder.text_input import TextInput
from fairprog_core.explain import TokenGradientsOptions
from fairprog_core.explain.text.token_gradients import LEAST_CHANGE, TokenGradients, log_odds
from tests.tiny_encoders import FAMILIES, make, read

TEXTS = ("the cat sat on a mat", "dog", "", "the dog ran away from the cat")


def text_input(vectors: list[list[float]]) -> TextInput:
    """One text from its word vectors."""
    k = len(vectors)
    return TextInput(torch.tensor([vectors]), torch.ones(1, k, dtype=torch.bool), torch.arange(k)[None])


class Linear(nn.Module):
    """Logit 1 is the sum of w · vector over all tokens, logit 0 is zero."""

    def __init__(self, weight: list[float]) -> None:
        super().__init__()
        self.weight = torch.tensor(weight)

    def score(self, x: TextInput) -> Tensor:
        return (x.vectors @ self.weight).sum(1)

    def forward(self, x: TextInput) -> Tensor:
        score = self.score(x)
        return torch.stack([torch.zeros_like(score), score], 1)


class Step(Linear):
    """Logit 1 jumps from 0 to 1 where w · vector passes .3217: a gradient that few steps miss."""

    def score(self, x: TextInput) -> Tensor:
        return torch.sigmoid(4000 * (super().score(x) - 0.3217))


def pad_of(encoder: Encoder) -> Tensor:
    return encoder.embedding[encoder.tokens.pad_id].detach()


@pytest.fixture(params=FAMILIES)
def encoder(request: pytest.FixtureRequest, folders: dict[str, Path]) -> Encoder:
    made = make(folders[request.param], n_classes=2)
    made.requires_grad_(False)
    return made


def test_linear_model_equals_the_arithmetic():
    """w = (1, 2), baseline (.5, 0). Words (1, 1) and (0, −1): 1 · .5 + 2 · 1 = 2.5 and −.5 − 2 = −2.5; the ends: 0."""
    x = text_input([[9.0, 9.0], [1.0, 1.0], [0.0, -1.0], [7.0, 7.0]])
    found = TokenGradients(baseline=torch.tensor([0.5, 0.0])).explain(Linear([1.0, 2.0]), x, target=1)
    torch.testing.assert_close(found.maps, torch.tensor([[0.0, 2.5, -2.5, 0.0]]), atol=1e-5, rtol=1e-5)
    assert found.change == pytest.approx([0.0], abs=1e-5)
    assert found.steps.tolist() == [32]
    assert found.converged.tolist() == [True]


def test_other_class_gets_the_opposite():
    x = text_input([[0.0], [3.0], [0.0]])
    maps = [TokenGradients().explain(Linear([1.0]), x, target=of).maps for of in (0, 1)]
    assert maps[1][0].tolist() == pytest.approx([0.0, 3.0, 0.0], abs=1e-5)
    torch.testing.assert_close(maps[0], -maps[1])


def test_log_odds_are_the_logit_less_the_others_together():
    """Two classes: 3 − 1 = 2. Three: log(.5 / (1 − .5)) = 0 and log(.2 / .8) = −1.386."""
    assert log_odds(torch.tensor([[1.0, 3.0]]), torch.tensor([1])).tolist() == pytest.approx([2.0])
    logits = torch.tensor([[0.5, 0.3, 0.2]]).log().expand(2, 3)
    assert log_odds(logits, torch.tensor([0, 2])).tolist() == pytest.approx([0.0, -1.3863], abs=1e-4)


def test_attributions_add_up_to_the_change_of_the_log_odds(encoder: Encoder):
    """The change is computed here: the text's logits against those of the same text with [PAD] for every word."""
    x = read(encoder, *TEXTS)
    found = TokenGradients(baseline=pad_of(encoder)).explain(encoder, x, target=1)
    for row in range(len(TEXTS)):
        n = int(x.lengths[row])
        vectors = x.vectors[row : row + 1, :n].clone()
        nothing = vectors.clone()
        nothing[:, 1 : n - 1] = pad_of(encoder)
        with torch.no_grad():
            logits = [
                encoder(TextInput(v, x.mask[row : row + 1, :n], x.ids[row : row + 1, :n]))[0]
                for v in (vectors, nothing)
            ]
        change = float((logits[0][1] - logits[0][0]) - (logits[1][1] - logits[1][0]))
        assert float(found.change[row]) == pytest.approx(change, abs=1e-4)
        assert bool(found.converged[row])
        assert abs(float(found.maps[row].sum()) - change) < 0.01 * max(abs(change), LEAST_CHANGE) + 1e-4
        assert float(found.delta[row]) == pytest.approx(float(found.maps[row].sum()) - change, abs=1e-4)


def test_frame_gets_exactly_nothing_and_so_does_padding(encoder: Encoder):
    x = read(encoder, *TEXTS)
    found = TokenGradients(baseline=pad_of(encoder)).explain(encoder, x, target=1)
    last = x.lengths - 1
    assert not found.maps[:, 0].any()
    assert not found.maps.gather(1, last[:, None]).any()
    assert not found.maps[~x.mask].any()
    assert found.maps[0, 1:7].all()


def test_text_alone_equals_the_text_beside_longer_ones(encoder: Encoder):
    explainer = TokenGradients(baseline=pad_of(encoder))
    together = explainer.explain(encoder, read(encoder, *TEXTS), target=1)
    alone = explainer.explain(encoder, read(encoder, TEXTS[1]), target=1)
    torch.testing.assert_close(together.maps[1, : alone.maps.shape[1]], alone.maps[0], atol=1e-5, rtol=1e-4)


def test_steps_are_doubled_until_they_suffice():
    """A smooth bend: 2 steps miss the change, some more do not."""

    class Bend(Linear):
        def score(self, x: TextInput) -> Tensor:
            return torch.sigmoid(20 * (super().score(x) - 0.5))

    x = text_input([[0.0], [1.0], [0.0]])
    found = TokenGradients(TokenGradientsOptions(steps=2)).explain(Bend([1.0]), x, target=1)
    assert found.converged.tolist() == [True]
    assert int(found.steps) in (4, 8, 16, 32)
    assert float(found.maps[0, 1]) == pytest.approx(1.0, abs=0.01)


def test_what_has_not_converged_says_so():
    x = text_input([[0.0], [1.0], [0.0]])
    found = TokenGradients(TokenGradientsOptions(max_steps=128)).explain(Step([1.0]), x, target=1)
    assert found.converged.tolist() == [False]
    assert found.steps.tolist() == [128]
    assert abs(float(found.delta)) > 0.01


def test_small_change_is_judged_against_a_tenth():
    """The change is .001 and a step misses it: .001 is 1 % of .1, and just not less."""

    class Small(Step):
        def score(self, x: TextInput) -> Tensor:
            return super().score(x) * 0.0009

    x = text_input([[0.0], [1.0], [0.0]])
    found = TokenGradients(TokenGradientsOptions(max_steps=32)).explain(Small([1.0]), x, target=1)
    assert float(found.change) == pytest.approx(0.0009, rel=1e-3)
    assert found.converged.tolist() == [True]


def test_batch_of_steps_changes_nothing(encoder: Encoder):
    x = read(encoder, TEXTS[0])
    pad = pad_of(encoder)
    few, many = (
        TokenGradients(TokenGradientsOptions(batch_size=size, tolerance=1), baseline=pad).explain(encoder, x, target=1)
        for size in (5, 64)
    )
    torch.testing.assert_close(few.maps, many.maps, atol=1e-5, rtol=1e-4)
