from collections import deque

import numpy as np
import pytest
import torch

from fairprog_core.common.types import Groups
from fairprog_core.training.adversary import Adversary, Replay
from fairprog_core.training.discriminator import Discriminator, chance

TWO = Groups.exclusive("a", "b")


def made(*, conditions_on_label: bool = True, groups: Groups = TWO) -> Discriminator:
    torch.manual_seed(0)
    return Discriminator(n_classes=2, groups=groups, conditions_on_label=conditions_on_label)


def inputs(k: int = 64) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, k, 2, generator=generator)
    y = torch.arange(2 * k).view(2, k) % 2
    return logits, y, (torch.arange(2 * k).view(2, k) // 2) % 2, torch.tensor([0.5, 8.0])


def said(judge: Discriminator, logits: torch.Tensor, y: torch.Tensor, lam: torch.Tensor) -> torch.Tensor:
    groups: torch.Tensor = judge(judge.evidence(logits, y, lam))
    return groups


def test_demographic_parity_discriminator_does_not_see_the_label() -> None:
    logits, y, _, lam = inputs()
    judge = made(conditions_on_label=False)
    assert torch.equal(said(judge, logits, y, lam), said(judge, logits, 1 - y, lam))


def test_equalized_odds_discriminator_sees_the_label() -> None:
    logits, y, _, lam = inputs()
    judge = made()
    assert not torch.equal(said(judge, logits, y, lam), said(judge, logits, 1 - y, lam))


def test_constant_added_to_all_logits_changes_nothing() -> None:
    logits, y, _, lam = inputs()
    judge = made()
    torch.testing.assert_close(said(judge, logits, y, lam), said(judge, logits + 3.0, y, lam))


def test_rows_may_come_in_any_order() -> None:
    logits, y, _, lam = inputs()
    judge, order = made(), torch.randperm(64, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(said(judge, logits, y, lam)[:, order], said(judge, logits[:, order], y[:, order], lam))


def test_loss_of_an_undecided_discriminator_is_ln_2_per_row_and_weighted() -> None:
    """All outputs zero: P = 1/2 each, so every row costs ln 2; weights of mean 1 keep the mean."""
    logits, y, z, lam = inputs()
    judge = made()
    torch.nn.init.zeros_(judge.net[-1].weight)
    torch.nn.init.zeros_(judge.net[-1].bias)
    weight = torch.tensor([0.5, 1.5]).repeat(32).expand(2, -1)
    loss, _ = judge.loss(judge.evidence(logits, y, lam), z, weight)
    assert loss.tolist() == pytest.approx([np.log(2)] * 2)


def test_signal_in_the_logits_is_found_and_without_signal_it_is_not() -> None:
    logits, y, z, lam = inputs(256)
    weight = torch.ones(2, 256)
    for shift, low, high in ((3.0, 0.9, 1.0), (0.0, 0.4, 0.7)):
        judge = made()
        optimizer = torch.optim.Adam(judge.parameters(), lr=1e-2)
        seen = logits.clone()
        seen[..., 0] += shift * (2 * z - 1)
        for _ in range(60):
            optimizer.zero_grad()
            loss, right = judge.loss(judge.evidence(seen, y, lam), z, weight)
            loss.mean().backward()
            optimizer.step()
        assert low <= right.mean().item() <= high


def test_overlapping_groups_are_told_one_by_one() -> None:
    """Patterns none, a, b, both: undecided outputs cost ln 2 per group."""
    groups = Groups(("a", "b"), np.array([[0, 0], [1, 0], [0, 1], [1, 1]], dtype=bool))
    logits, y, z, lam = inputs()
    judge = made(groups=groups)
    torch.nn.init.zeros_(judge.net[-1].weight)
    torch.nn.init.zeros_(judge.net[-1].bias)
    loss, _ = judge.loss(judge.evidence(logits, y, lam), z * 3, torch.ones(2, 64))
    assert loss.tolist() == pytest.approx([np.log(2)] * 2)


def test_opponent_goes_on_with_what_it_remembers_on_its_own_device() -> None:
    """A checkpoint is read onto the CPU, wherever the training computes; "meta" stands for another device."""
    options = {"n_classes": 2, "groups": TWO, "conditions_on_label": True, "learning_rate": 0.01, "steps": 1}
    first, again = (Adversary(**options, replay=2, device=torch.device("cpu")) for _ in range(2))
    logits, y, z, lam = inputs()
    first.learn(logits, y, z, lam, torch.ones(2, 64))
    again.device = torch.device("meta")
    again.load_state(first.state())
    assert [part.device.type for part in again.replay.batches[0]] == ["meta"] * 3


@pytest.mark.parametrize("size", [1, 3, 8])
def test_replay_holds_the_latest_batches_and_stays_in_its_memory_once_full(size: int) -> None:
    generator = torch.Generator().manual_seed(0)
    found, expected = Replay(size), deque[tuple[torch.Tensor, ...]](maxlen=size)
    places = set()
    for number in range(12):
        batch = torch.randn(2, 5, 4, generator=generator), torch.full((2, 5), number), torch.rand(2, 5)
        found.append(batch)
        expected.append(batch)
        for part, parts in zip(found.joined(), zip(*expected, strict=True), strict=True):
            assert torch.equal(part, torch.cat(parts))
        for part, other in zip(found.batches, expected, strict=True):
            assert all(map(torch.equal, part, other))
        if number >= size - 1:
            places.add(tuple(part.data_ptr() for part in found.joined()))
    assert len(places) == 1


def test_chance_of_exclusive_groups_is_that_of_the_most_frequent_one() -> None:
    share = np.array([[0.5, 0.2], [0.2, 0.1]])
    assert chance(TWO, share, conditions_on_label=False) == pytest.approx(0.7)
    assert chance(TWO, share, conditions_on_label=True) == pytest.approx(0.5)


def test_chance_of_overlapping_groups_is_the_mean_over_yes_or_no_questions() -> None:
    """In the natural mix a holds for .1 + .1 and b for .3 + .1 of the rows: (.8 + .6) / 2."""
    groups = Groups(("a", "b"), np.array([[0, 0], [1, 0], [0, 1], [1, 1]], dtype=bool))
    share = np.array([[0.3, 0.2], [0.1, 0.0], [0.2, 0.1], [0.05, 0.05]])
    assert chance(groups, share, conditions_on_label=False) == pytest.approx(0.7)
    assert chance(groups, share, conditions_on_label=True) == pytest.approx(0.5)
