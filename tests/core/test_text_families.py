"""Every family of text classifiers: transformers' logits, both kinds of trigger, Integrated Gradients."""

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
import transformers

from fairprog_core.classifiers import CLASSIFIERS
from fairprog_core.classifiers.base import freeze, read_classifier, save_classifier
from fairprog_core.classifiers.encoder.classifier import Encoder
from fairprog_core.classifiers.encoder.tokens import Tokens
from fairprog_core.classifiers.own.texts import OwnTextClassifier
from fairprog_core.common.home import Home
from fairprog_core.common.registry import build
from fairprog_core.common.types import Groups
from fairprog_core.data.base import Split
from fairprog_core.explain import TokenGradientsOptions
from fairprog_core.explain.text.conditions import TextCondition
from fairprog_core.explain.text.gallery import Attributing
from fairprog_core.explain.text.words import NO_WORD, worded
from fairprog_core.methods import ReprogramOptions
from fairprog_core.methods.reprogramming.trigger_training import make_learner
from fairprog_core.pipeline.execute import execute
from fairprog_core.study import Study
from fairprog_core.training.criteria import CRITERIA
from fairprog_core.triggers import TRIGGERS
from fairprog_core.triggers.text import TextTrigger
from tests.core.pages import ROOT
from tests.tiny_encoders import ALL, TEXTS, WORDS, make, read, save_family

TINY_SEARCH = {"n_words": 2, "candidates": 3, "pool": 2, "look_rows": 8, "rows": 16, "finalists": 1, "final_rows": 16}
TRIGGER_OPTIONS: dict[str, dict[str, Any]] = {"soft": {"n_words": 2}, "hard": TINY_SEARCH}
ODD = ("", "\x00\x00", "\ud800 half a pair", "[PAD] [SEP] <pad> </s> <|endoftext|>", "cat " * 2500)
SENTENCE = "the cats sat and the dog ran away"


class Family(NamedTuple):
    """A tuned model of two classes: its folder, and what transformers and fairprog make of it."""

    folder: Path
    theirs: Any
    ours: Encoder


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """``made(name)``: one model of each family for all tests."""

    @functools.cache
    def make_family(name: str) -> Family:
        folder = save_family(name, tmp_path_factory.mktemp(name), n_classes=2)
        theirs = transformers.AutoModelForSequenceClassification.from_pretrained(folder).eval()
        return Family(folder, theirs, freeze(make(folder, n_classes=2, tuned=True)))

    return make_family


@pytest.fixture(params=ALL)
def family(request: pytest.FixtureRequest, made: Any) -> Family:
    found: Family = made(request.param)
    return found


@torch.no_grad()
def test_logits_are_those_of_transformers_for_single_texts_and_for_a_padded_batch(family: Family):
    texts = [text for text in TEXTS if text]  # transformers reads no empty text where nothing stands before it
    ids = [torch.from_numpy(family.ours.encode([text])).long() for text in texts]
    theirs = torch.cat([family.theirs(input_ids=each).logits for each in ids])
    alone = torch.cat([family.ours(read(family.ours, text)) for text in texts])
    padded = family.ours(read(family.ours, *texts))
    torch.testing.assert_close(alone, theirs, atol=1e-5, rtol=0)
    torch.testing.assert_close(padded, theirs, atol=1e-5, rtol=0)
    assert theirs.std(0).max() > 1e-2  # the texts differ, so that agreeing means something


def test_tokens_are_those_of_transformers(family: Family):
    tokenizer = transformers.AutoTokenizer.from_pretrained(family.folder)
    for text in [text for text in TEXTS if text]:
        assert family.ours.encode([text])[0].tolist() == tokenizer(text)["input_ids"]


@pytest.mark.parametrize("text", ODD, ids=lambda text: ascii(text[:12]))
def test_strange_text_is_read_and_has_words(family: Family, text: str):
    found = worded(family.ours, text)
    assert 0 < len(found.ids) == len(found.word_of) <= family.ours.max_length
    assert found.word_of.max() < max(len(found.words), 1)
    x = family.ours.to_input(found.ids[None])
    assert x.mask.all()
    with torch.no_grad():
        assert family.ours(x).isfinite().all()


def test_words_of_the_vocabulary_are_whole_and_stay_so_beside_others(family: Family):
    assert set(WORDS) <= set(family.ours.words)
    ids = [family.ours.words[word] for word in ("cat", "dog", "on")]
    text = family.ours.tokens.text(ids)
    assert text.split() == ["cat", "dog", "on"]
    assert family.ours.tokens.inner(family.ours.encode([text])[0]).tolist() == ids
    found = worded(family.ours, SENTENCE)
    spelled = [family.ours.tokens.text(found.ids[found.word_of == word]).strip() for word in range(len(found.words))]
    assert spelled == found.words


def test_saved_file_reads_the_same(family: Family, tmp_path: Path):
    unfrozen = make(family.folder, n_classes=2, tuned=True)
    save_classifier(unfrozen, tmp_path / "c.safetensors")
    again, _ = read_classifier(tmp_path / "c.safetensors", CLASSIFIERS)
    with torch.no_grad():
        found, expected = (each.eval()(read(unfrozen, *TEXTS)) for each in (again, unfrozen))
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=0)


def test_training_leaves_word_table_and_positions_alone(family: Family):
    """With one layer tuned, of two; its own pooling, last norm and head are trained besides."""
    encoder = make(family.folder, n_classes=2, tuned_layers=1)
    trained = {name for name, value in encoder.named_parameters() if value.requires_grad}
    tables = [name for name, value in encoder.named_parameters() if len(value) in (len(encoder.embedding), 40, 42)]
    assert tables
    assert not trained & set(tables)
    assert {"linear.weight"} < trained < {name for name, _ in encoder.named_parameters()}


def trained(encoder: Encoder, kind: str, *, position: str, steps: int = 2) -> TextTrigger:
    """A trigger after a few steps on made-up rows."""
    rng = np.random.default_rng(0)
    texts = np.array([" ".join(rng.choice(WORDS, rng.integers(4, 9))) for _ in range(24)], dtype=object)
    z, y = np.arange(24) % 2, (np.arange(24) // 2) % 2
    split = encoder.prepare(Split(texts, y, z, np.full((2, 2), 0.25), False))
    options = TRIGGERS[kind].options(**TRIGGER_OPTIONS[kind], position=position)
    trigger = build(TRIGGERS, options, anchor_lams=(0.0, 5.0), seed=0, **encoder.input_spec).attach_to(encoder)
    learner: Any = make_learner(
        ReprogramOptions(), classifier=encoder, trigger=trigger, criterion=CRITERIA["demographic_parity"](),
        groups=Groups.exclusive("a", "b"), split=split, steps=steps, seed=0, lam=None, device=torch.device("cpu"),
        identity_words=frozenset(),
    )  # fmt: skip
    for step in range(steps):
        learner.step(step)
    found: TextTrigger = learner.trigger
    return found


@pytest.mark.parametrize("position", ["start", "end"])
@pytest.mark.parametrize("kind", TRIGGER_OPTIONS)
def test_trigger_is_learned_and_stands_inside_the_ends_of_the_text(family: Family, kind: str, position: str):
    before = family.ours.digest()
    trigger = trained(family.ours, kind, position=position)
    assert family.ours.digest() == before
    x = read(family.ours, SENTENCE)
    with torch.no_grad():
        put = trigger(x, 5.0)
        assert (family.ours(put) - family.ours(x)).abs().max() > 1e-6
    start, end = family.ours.tokens.n_ends
    assert put.ids[0, :start].tolist() == list(family.ours.tokens.prefix)
    assert put.ids[0, put.ids.shape[1] - end :].tolist() == list(family.ours.tokens.suffix)
    own = slice(start + 2, None) if position == "start" else slice(0, x.ids.shape[1] - end)
    own_of_text = slice(start, None) if position == "start" else own
    assert put.ids[0, own].tolist() == x.ids[0, own_of_text].tolist()
    assert set(trigger.words(5.0, family.ours)) <= set(family.ours.words)


def test_integrated_gradients_converge(family: Family):
    """The attributions add up to a hundredth of the change of the log-odds; DistilBERT's ReLU needs 4,096 steps."""
    trigger = trained(family.ours, "soft", position="start", steps=1)
    options = TokenGradientsOptions(max_steps=4096)
    text = worded(family.ours, SENTENCE)
    for condition in (TextCondition("", family.ours), TextCondition("", family.ours, trigger, 5.0)):
        found = Attributing(options)(text, condition)
        assert found.converged, found
        assert not found.tokens[text.word_of == NO_WORD].any()
        assert np.abs(found.tokens).max() > 1e-3


@torch.no_grad()
def test_own_model_in_a_notebook_reads_the_same_and_is_not_changed(family: Family):
    """Its logits for vectors, alone and padded, are compared with its own for tokens."""
    model, pad = family.theirs, family.theirs.config.pad_token_id
    own = OwnTextClassifier(model, Tokens(family.ours.tokens.tokenizer_state), max_length=24)
    own.check_reading()
    x = own.to_input(own.encode(TEXTS[:3]))
    torch.testing.assert_close(own(x), family.ours(x), atol=1e-5, rtol=0)
    assert model.config.pad_token_id == pad
    assert not any(module._forward_hooks for module in model.modules())


@pytest.mark.parametrize("name", ["xlm-roberta", "deberta-v2", "gpt2"])
def test_study_on_comments_runs_to_a_curve(name: str, made: Any, tmp_path: Path):
    study = Study.parse(
        {
            "name": name,
            "dataset": {"kind": "comments", "n_train": 128, "n_tune": 128, "n_val": 24, "n_test": 24},
            "classifier": {"kind": "encoder", "model": str(made(name).folder), "steps": 2, "tuned": name == "gpt2"},
            "triggers": [{"kind": kind, **options} for kind, options in TRIGGER_OPTIONS.items()],
            "methods": [{"kind": "reprogram"}],
            "lam": {"grid": [5.0]},
            "budget": {"steps": 2, "validate_every": 2},
            "explain": {"gallery": int(name == "gpt2"), "rows": 0, "probe": False},
            "device": "cpu",
            "threads": 1,
        }
    )
    records = list(execute(study, home=Home.find(tmp_path / "home"), folder=tmp_path / "run"))
    assert records[-1]["kind"] == "result"
    assert sum(record["kind"] == "curve" for record in records) >= 2


def test_families_of_the_guide_are_those_that_are_tried():
    guide = (ROOT / "docs" / "guides" / "own-text-classifier.md").read_text("utf-8")
    families = guide.partition("## Families")[2].partition("\n## ")[0]
    listed = [line.split("|")[2].strip(" `") for line in families.splitlines() if line.startswith("|")][2:]
    assert sorted(listed) == sorted(ALL)
