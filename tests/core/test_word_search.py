"""The hard trigger and the search for its words: choices by hand, and what must never happen."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open

from fairprog_core.classifiers.base import freeze
from fairprog_core.classifiers.encoder.classifier import Encoder
from fairprog_core.classifiers.predict import predict
from fairprog_core.common.errors import ConfigError
from fairprog_core.common.files.checkpoint import load_state, save_state
from fairprog_core.common.registry import build
from fairprog_core.common.types import Groups
from fairprog_core.data.base import Split
from fairprog_core.methods import ReprogramOptions
from fairprog_core.methods.reprogramming.representative_rows import margins, representative_rows
from fairprog_core.methods.reprogramming.reprogram import Reprogram
from fairprog_core.methods.reprogramming.trigger_training import make_learner
from fairprog_core.methods.reprogramming.word_archive import Archive, Score
from fairprog_core.methods.reprogramming.word_search import WordSearch
from fairprog_core.metrics.fairness import evaluate
from fairprog_core.training.criteria import CRITERIA
from fairprog_core.training.differentiable_gap import DifferentiableGap
from fairprog_core.triggers import TRIGGERS
from fairprog_core.triggers.base import load_trigger
from fairprog_core.triggers.hard import Hard
from fairprog_core.triggers.text import NO_WORD
from tests.tiny_encoders import WORDS, make, save_family

KNOTS = (0.0, 1.0, 10.0)
SMALL = {"n_words": 3, "candidates": 6, "pool": 5, "look_rows": 12, "rows": 24, "finalists": 2, "final_rows": 24}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    return freeze(make(save_family("bert", tmp_path_factory.mktemp("encoder")), n_classes=2))


@pytest.fixture(scope="module")
def split(base: Encoder) -> Split:
    """120 rows of four to eight words, three groups and two labels; what decides about the words is luck."""
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(WORDS, rng.integers(4, 9))) for _ in range(120)]
    z, y = np.arange(120) % 3, (np.arange(120) // 3) % 2
    return base.prepare(Split(np.array(texts, dtype=object), y, z, np.full((3, 2), 1 / 6), False))


def hard(base: Encoder, *, anchor_lams: tuple[float, ...] = KNOTS, seed: int = 0, **options: Any) -> Hard:
    made: Hard = build(
        TRIGGERS, TRIGGERS["hard"].options(**SMALL | options), anchor_lams=anchor_lams, seed=seed, **base.input_spec
    )
    return made.attach_to(base)


def started(base: Encoder, split: Split, *, seed: int = 0, lam: float | None = None, **options: Any) -> Any:
    anchor_lams = KNOTS if lam is None else (lam,)
    return make_learner(
        ReprogramOptions(), classifier=base, trigger=hard(base, anchor_lams=anchor_lams, seed=seed, **options),
        criterion=CRITERIA["equalized_odds"](), groups=Groups.exclusive("a", "b", "c"), split=split, steps=4,
        seed=seed, lam=lam, device=torch.device("cpu"), identity_words=frozenset({"cat", "dog", "nobody"}),
    )  # fmt: skip


def run(search: Any, steps: int = 4) -> Any:
    for step in range(steps):
        search.step(step)
    return search


def words_of(search: Any) -> list[list[str]]:
    return [search.trigger.words(lam, search.classifier) for lam in search.lams]


# ---- the archive


def archive(**seconds: tuple[float, float]) -> Archive:
    """Sequences of one word, named by a letter, with the same score on both looks."""
    made = Archive()
    for letter, score in seconds.items():
        made.first[ord(letter),] = made.second[ord(letter),] = Score(*score)
    return made


def test_every_lam_takes_the_best_of_the_archive():
    """u + λ·f of a (.30, .10), b (.34, .06), c (.50, .02): λ 0: .30 .34 .50; λ 2: .50 .46 .54; λ 10: 1.3 .94 .70."""
    found = archive(a=(0.30, 0.10), b=(0.34, 0.06), c=(0.50, 0.02))
    best = {lam: [chr(ids[0]) for ids in found.best(lam, 2)] for lam in (0, 2, 10)}
    assert best == {0: ["a", "b"], 2: ["b", "a"], 10: ["c", "b"]}


def test_promising_is_the_best_of_those_seen_once_if_it_beats_the_best_so_far():
    """At λ 1 the best so far has .40 on the first look; of .39 and .38 seen once the second is looked at again."""
    found = archive(a=(0.30, 0.10))
    found.first[ord("x"),] = Score(0.35, 0.06)
    assert found.promising(1.0) is None
    found.first[ord("y"),] = Score(0.35, 0.04)
    found.first[ord("w"),] = Score(0.36, 0.02)
    assert found.promising(1.0) == (ord("w"),)
    assert found.promising(0.0) is None


def test_archive_comes_back_from_its_state():
    found = archive(a=(0.30, 0.10), b=(0.34, 0.06))
    found.first[ord("x"),] = Score(0.35, 0.06)
    found.second = dict(reversed(found.second.items()))
    again = Archive()
    again.load_state(found.state(), n_words=1, vocabulary=128)
    assert again.first == found.first
    assert list(again.second.items()) == list(found.second.items())


# ---- the gap in closed form, and the rows


def test_soft_gap_by_hand():
    """Sharp predictions 1, 0 of group a and 1, 1 of b, for label 1; 0, 0 and 0, 1 for label 0: (.5 + .5) / 2."""
    y, z = np.array([1, 1, 1, 1, 0, 0, 0, 0]), np.array([0, 0, 1, 1, 0, 0, 1, 1])
    said = torch.tensor([1.0, 0, 1, 1, 0, 0, 0, 1])
    rows = Split(np.zeros(8), y, z, np.full((2, 2), 0.25), False)
    logits = torch.stack([-50 * said, 50 * said - 25], 1)
    for criterion, gap in (("equalized_odds", 0.5), ("demographic_parity", 0.5)):
        found = DifferentiableGap(rows, groups=Groups.exclusive("a", "b"), criterion=CRITERIA[criterion]())(logits)
        assert found.item() == pytest.approx(gap, abs=1e-6)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("criterion", CRITERIA)
def test_soft_gap_of_sure_predictions_is_the_metric(criterion, n_classes):
    """Groups overlap, and the rows are weighted back to another mix than their own."""
    rng = np.random.default_rng(3)
    y, z, said = rng.integers(n_classes, size=400), rng.integers(4, size=400), rng.integers(n_classes, size=400)
    share = rng.dirichlet(np.ones(4 * n_classes)).reshape(4, n_classes)
    rows = Split(np.zeros(400), y, z, share, False)
    groups = Groups(("a", "b"), np.array([[1, 0], [0, 1], [1, 1], [0, 0]], dtype=bool))
    table = np.zeros((4, n_classes, n_classes))
    np.add.at(table, (z, y, said), rows.weight)
    found = DifferentiableGap(rows, groups=groups, criterion=CRITERIA[criterion]())(torch.eye(n_classes)[said] * 30)
    expected = evaluate(table, np.ones((4, n_classes)), groups)[CRITERIA[criterion].gap]
    assert found.item() == pytest.approx(float(expected), abs=1e-5)


def test_soft_gap_leaves_out_a_group_without_rows():
    rows = Split(np.zeros(4), np.array([0, 1, 0, 1]), np.array([0, 0, 1, 1]), np.full((3, 2), 1 / 6), False)
    gap = DifferentiableGap(rows, groups=Groups.exclusive("a", "b", "c"), criterion=CRITERIA["equalized_odds"]())
    assert gap(torch.zeros(4, 2)).item() == pytest.approx(0.0)


def test_typical_rows_are_spread_over_the_margins_of_every_cell():
    """Of margins 0 … 9 two rows: the middles of both halves, 2 and 7; of a cell of 10 rows, in any order."""
    y = np.repeat([0, 1], 10)
    margin = np.concatenate([np.arange(10)[::-1], np.arange(10)]).astype(float)
    rows = Split(np.arange(20), y, np.zeros(20, np.int64), np.full((1, 2), 0.5), False)
    taken = representative_rows(rows, margin, 4)
    assert margin[taken.x].tolist() == [7, 2, 2, 7]
    assert taken.y.tolist() == [0, 0, 1, 1]
    assert taken.is_stratified
    assert len(representative_rows(rows, margin, 99).y) == 20


def test_margin_is_how_far_the_label_is_ahead(base, split):
    logits = predict(base, split).logits.astype(float)
    expected = np.where(split.y == 1, 1, -1) * (logits[:, 1] - logits[:, 0])
    np.testing.assert_allclose(margins(base, split), expected)


# ---- the search


def test_hard_trigger_is_searched_and_its_relaxations_are_learned(base, split):
    assert isinstance(started(base, split), WordSearch)
    assert isinstance(started(base, split, search="gumbel"), Reprogram)


def test_search_finds_better_words_than_it_starts_from(base, split):
    search = run(started(base, split), 24)
    start = (*search.trigger.start_ids.tolist(),)
    for lam in KNOTS:
        scores = search.archive.second
        assert scores[search.archive.best(lam)[0]].at(lam) < scores[start].at(lam)


def test_trade_in_between_is_best_at_some_lam_though_it_lies_above_the_line_of_two_others():
    """Gaps .3, .2, .1 at losses 0, .06, .1: the middle lies above the line (.05); with the gap itself none takes it."""
    archive, losses = Archive(), {(1,): (0.0, 0.3), (2,): (0.06, 0.2), (3,): (0.1, 0.1)}
    lams = np.linspace(0, 1, 101)
    for power, expected in ((1, {(1,), (3,)}), (2, {(1,), (2,), (3,)})):
        archive.second = {ids: Score(loss, 3 * gap**power) for ids, (loss, gap) in losses.items()}
        assert {archive.best(lam)[0] for lam in lams} == expected


def test_words_at_a_lam_are_the_best_of_the_archive(base, split):
    search = run(started(base, split))
    for lam in KNOTS:
        assert search.trigger.cache_key(lam) == search.archive.best(lam)[0]


def test_every_sequence_is_whole_words_and_new(base, split):
    search = run(started(base, split))
    whole = set(base.words.values())
    assert len(search.archive.first) > 8
    assert all(len(ids) == 3 and set(ids) <= whole for ids in search.archive.first)


def test_score_is_what_the_classifier_says_of_the_text_with_the_words(base, split):
    """The words are written in front of every text, which is read anew."""
    search = started(base, split)
    rows, ids = search.second, tuple(base.words[word] for word in ("cat", "sat", "mat"))
    read = [row[row != base.tokens.pad_id][1:-1] for row in rows.split.x]
    texts = [base.tokens.text(row) for row in read]
    with torch.no_grad():
        logits = base(base.to_input(base.encode([f"cat sat mat {text}" for text in texts])))
    utility = torch.nn.functional.cross_entropy(logits, torch.from_numpy(rows.split.y))
    assert rows.score(ids).utility_loss == pytest.approx(utility.item(), rel=1e-4)
    assert rows.score(ids).unfairness == pytest.approx(3 * rows.gap(logits).item() ** 2, rel=2e-3, abs=1e-6)


def test_gradient_is_the_slope_of_the_loss(base, split):
    """Moving one vector a little along the gradient raises the loss by |gradient|² times the step."""
    rows, lam, ids = started(base, split).first, 2.0, (base.words["cat"], base.words["on"], base.words["mat"])
    gradient, step = rows.gradient(ids, lam), 1e-2
    losses = []
    for sign in (-1, 1):
        words = rows.trigger.with_words(ids)
        words.start += sign * step * gradient / gradient.norm()
        with torch.no_grad():
            utility, unfairness = rows._losses(base(words(base.to_input(rows.split.x), 0.0)))
        losses.append((utility + lam * unfairness).item())
    assert (losses[1] - losses[0]) / (2 * step) == pytest.approx(gradient.norm().item(), rel=0.05)


def test_only_allowed_words_are_tried(base, split):
    allowed = ("cat", "sat", "mat", "dog", "ran")
    search = run(started(base, split, allowed=allowed, banned=("dog",)))
    tried = {number for ids in search.archive.first for number in ids}
    assert tried <= {base.words[word] for word in ("cat", "sat", "mat", "ran")}


def test_some_candidates_mix_the_best_words_of_two_lams(base, split):
    """The first is best at λ = 0, the second at 1 and 10; some candidates have words of both, in their places."""
    search = started(base, split)
    first, second = ((*search.allowed[start : start + 3].tolist(),) for start in (0, 3))
    search.archive.second = {first: Score(0.1, 0.9), second: Score(0.3, 0.1)}
    found = [ids for seed in range(8) for ids in search.candidates(first, 0.0, np.random.default_rng(seed))]
    mixed = {ids for ids in found if all(word in pair for word, *pair in zip(ids, first, second))}
    assert mixed - {first, second}


def test_pool_is_near_the_identity_words(base, split):
    """ "nobody" is no word of this vocabulary; cat and dog are nearest to themselves."""
    search = started(base, split)
    assert len(search.pool) == 5
    assert set(search.pool[:2]) == {base.words["cat"], base.words["dog"]}


def test_pool_without_identity_words_is_drawn(base, split):
    search = started(base, split)
    allowed, pool = search._vocabulary(frozenset())
    assert len(set(pool)) == 5
    assert set(pool) <= set(allowed.tolist())


def test_same_seed_finds_the_same_words_and_another_seed_others(base, split):
    first, again, other = (run(started(base, split, seed=seed)) for seed in (1, 1, 2))
    assert words_of(first) == words_of(again)
    assert list(first.archive.first) == list(again.archive.first)
    assert list(first.archive.first) != list(other.archive.first)


def test_search_resumed_equals_one_that_was_not_interrupted(base, split, tmp_path):
    whole, half = run(started(base, split), 6), run(started(base, split), 3)
    save_state(tmp_path / "c.safetensors", half.state())
    again = started(base, split)
    again.load_state(load_state(tmp_path / "c.safetensors"))
    records = [again.step(step) for step in range(3, 6)]
    assert again.archive.first == whole.archive.first
    assert again.archive.second == whole.archive.second
    assert words_of(again) == words_of(whole)
    assert records[-1] == whole.record()


def test_classifier_stays_bit_identical(base, split):
    before = base.digest()
    run(started(base, split)).finish(split)
    assert base.digest() == before
    assert all(value.grad is None for value in base.parameters())


def test_finish_chooses_among_the_finalists_on_the_rows_it_is_given(base, split):
    """Every λ gets the finalist with the lowest loss on exactly these rows."""
    search = run(started(base, split), 8)
    (rows,) = search.rows(split, SMALL["final_rows"])
    finalists = {lam: search.archive.best(lam, 2) for lam in KNOTS}
    search.finish(split)
    for lam, found in finalists.items():
        assert search.trigger.cache_key(lam) == min(found, key=lambda ids: rows.score(ids).at(lam))


def test_search_for_one_lam_alone_fills_its_one_anchor(base, split):
    search = run(started(base, split, lam=3.0))
    assert search.lams == (3.0,)
    assert search.trigger.cache_key(3.0) == search.archive.best(3.0)[0]


def test_record_reads_the_groups_from_the_gap(base, split):
    """Three groups: chance is 1/3, and a gap G lets (1 + G) / 3 be guessed; the loss left is ln 3 − G/2."""
    record = started(base, split).step(0)
    gap = 3 * record["discriminator_accuracy"] - 1
    assert record["chance"] == pytest.approx(1 / 3)
    assert 0 < gap < 1
    assert record["fairness_loss"] == pytest.approx(3 * gap**2 - np.log(3))


# ---- the trigger


def test_knots_are_the_reported_lams():
    options = TRIGGERS["hard"].options()
    assert Hard.anchor_lams(options, low=0.5, high=10.0, grid=(0.0, 2.0, 7.0)) == (0.0, 2.0, 7.0)


def chosen(base: Encoder) -> Hard:
    """cat cat cat at λ 0, dog dog dog at 1, mat mat mat at 10."""
    made = hard(base)
    for anchor, word in enumerate(("cat", "dog", "mat")):
        made.choose(anchor, [base.words[word]] * 3)
    return made


def test_lam_between_anchors_has_the_words_of_the_nearest(base):
    """On the scale log(1 + λ): halfway from 1 to 10 is √22 − 1 = 3.69."""
    trigger = chosen(base)
    expected = {0.0: "cat", 0.3: "cat", 0.5: "dog", 1.0: "dog", 3.6: "dog", 3.8: "mat", 10.0: "mat", 99.0: "mat"}
    assert {lam: trigger.words(lam, base) for lam in expected} == {lam: [word] * 3 for lam, word in expected.items()}


def test_vectors_are_the_words_vectors_bit_by_bit(base):
    trigger = chosen(base)
    lams = torch.tensor(KNOTS, dtype=torch.float64)
    assert torch.equal(trigger.vectors(trigger.values(lams)), base.embedding[trigger.token_ids(lams)])


def test_file_holds_numbers_vectors_and_words(base, tmp_path):
    trigger, path = chosen(base), tmp_path / "t.safetensors"
    trigger.save(path)
    with safe_open(path, framework="pt") as file:
        header = json.loads(file.metadata()["fairprog"])
        numbers, vectors = file.get_tensor("chosen"), file.get_tensor("anchors")
    assert header["words"] == [["cat"] * 3, ["dog"] * 3, ["mat"] * 3]
    assert torch.equal(vectors, base.embedding[numbers])
    again = load_trigger(path)
    again.save(tmp_path / "again.safetensors")  # a trigger that never met its classifier keeps the words too
    assert load_trigger(tmp_path / "again.safetensors").about["words"] == header["words"]
    assert again.words(1.0, base) == ["dog"] * 3


def test_merged_triggers_keep_their_words(base):
    parts = [hard(base, anchor_lams=(lam,)) for lam in KNOTS]
    for part, word in zip(parts, ("cat", "dog", "mat")):
        part.choose(0, [base.words[word]] * 3)
    merged = Hard.merged(parts).attach_to(base)
    assert merged.spelled() == chosen(base).spelled()


def test_words_of_a_soft_trigger_are_the_nearest_allowed(base):
    """It starts at words, so these are the nearest; none of its vectors counts as a word."""
    options = TRIGGERS["soft"].options(n_words=3, allowed=("cat", "dog"))
    trigger = build(TRIGGERS, options, **base.input_spec).attach_to(base)
    assert (trigger.token_ids(torch.tensor([0.0])) == NO_WORD).all()
    number = {number: word for word, number in base.words.items()}
    assert trigger.words(0.0, base) == [number[i] for i in trigger.start_ids.tolist()]
    with torch.no_grad():
        trigger.shared.copy_(10 * (base.embedding[base.words["mat"]] - trigger.start))
    assert set(trigger.words(0.0, base)) <= {"cat", "dog"}


def test_words_ask_for_the_right_classifier(base, tmp_path):
    other = make(save_family("albert", Path(tmp_path)), n_classes=2)
    with pytest.raises(ConfigError, match="was made for width 16"):
        hard(base).words(0.0, other)


# ---- the relaxations


@pytest.mark.parametrize("search", ["straight_through", "gumbel"])
def test_relaxation_puts_words_and_learns_through_the_softmax(base, split, search):
    method = started(base, split, search=search, allowed=("cat", "dog", "mat", "sat"))
    before = method.trigger.values(1.0).detach().clone()
    for step in range(2):
        method.step(step)
    assert not torch.equal(method.trigger.values(1.0), before)
    lams = torch.tensor(KNOTS, dtype=torch.float64)
    with torch.no_grad():
        vectors = method.trigger.eval().vectors(method.trigger.values(lams))
    assert torch.equal(vectors, base.embedding[method.trigger.token_ids(lams)])
    allowed = {base.words[word] for word in ("cat", "dog", "mat", "sat")}
    assert set(method.trigger.token_ids(lams).flatten().tolist()) <= allowed


def test_gumbel_draws_other_words_at_every_step_the_same_for_the_same_step(base):
    trigger = hard(base, search="gumbel")
    values = trigger.values(torch.tensor([0.0]))
    drawn = []
    for step in (0, 1, 0):
        trigger.at_step(step)
        drawn.append(trigger.vectors(values).detach())
    assert torch.equal(drawn[0], drawn[2])
    assert not torch.equal(drawn[0], drawn[1])


def test_relaxation_comes_back_from_its_file(base, tmp_path):
    trigger = hard(base, search="straight_through")
    with torch.no_grad():
        trigger.anchors[1, :, base.words["mat"]] = 9.0
    trigger.save(tmp_path / "t.safetensors")
    again = load_trigger(tmp_path / "t.safetensors")
    assert again.about["words"][1] == ["mat"] * 3
    assert again.words(1.0, base) == ["mat"] * 3
