import pytest
import torch

from fairprog_core.triggers import LearnedMaskOptions
from fairprog_core.triggers.learned_mask import LearnedMask

SIZE = 32


def made(**options: object) -> LearnedMask:
    return LearnedMask(LearnedMaskOptions(**options), image_size=SIZE)


@pytest.mark.parametrize(
    ("area", "share", "expected"), [("everywhere", 0.1, 102), ("frame", 0.1, 102), ("frame", 0.9, 540)]
)
def test_mask_has_as_many_pixels_as_the_budget_and_the_area_allow(area: str, share: float, expected: int) -> None:
    """.1 · 32² = 102.4; a frame of .16 · 32 = 5 pixels has 32² − 22² = 540."""
    assert made(area=area, share=share).mask().sum() == expected


def test_colours_that_the_mask_leaves_out_are_no_parameters_of_a_lam() -> None:
    """3 · 102 colours within the budget, and one score for each of 32² pixels."""
    assert made(area="everywhere", share=0.1).n_parameters == 306 + 1024


def test_frame_never_reaches_into_the_middle() -> None:
    assert not made(area="frame", share=0.9).mask()[5:-5, 5:-5].any()


def test_mask_follows_the_highest_scores() -> None:
    trigger = made(share=0.05)
    with torch.no_grad():
        trigger.scores[:51] = 9.0
    assert trigger.mask().flatten()[:51].all()
    assert trigger.mask().sum() == 51


def test_pixel_that_would_help_wins_a_place_while_learning() -> None:
    """The loss asks for the trigger's light in one spot of a black photo; outside a training scores stay."""
    trigger, photo = made(share=0.05), torch.zeros(1, 3, SIZE, SIZE)
    spot = (~trigger.mask()).nonzero()[0]
    trigger(photo, 0.0)[..., spot[0], spot[1]].sum().backward()
    assert trigger.scores.grad is None or not trigger.scores.grad.any()
    optimizer = torch.optim.Adam(trigger.parameters(), lr=0.05)
    for step in range(20):
        trigger.at_step(step)
        optimizer.zero_grad()
        (-trigger(photo, 0.0)[..., spot[0], spot[1]].sum()).backward()
        optimizer.step()
    assert trigger.mask()[spot[0], spot[1]]


def test_learning_changes_no_pixel_value_of_the_forward_pass() -> None:
    trigger, photos = made(), torch.rand(2, 3, SIZE, SIZE)
    before = trigger(photos, 1.0)
    trigger.at_step(0)
    torch.testing.assert_close(trigger(photos, 1.0), before)


def test_untrained_has_its_first_mask_again() -> None:
    trigger = made()
    first = trigger.mask()
    with torch.no_grad():
        trigger.scores.copy_(trigger.scores.flip(0))
    assert not torch.equal(trigger.mask(), first)
    assert torch.equal(trigger.untrained().mask(), first)
