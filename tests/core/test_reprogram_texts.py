"""``fp.reprogram`` on a small Hugging Face classifier of texts: the trigger is word vectors, the model is untouched."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
import transformers
from torch import nn

import fairprog_core as fp
from fairprog_core.common.errors import FairprogError
from tests.own_texts import shortcut_model, texts, word_piece_tokenizer

GAP = "average_abs_odds_difference"
TUNE, VALIDATION, OWN = texts(200, 1, agreement=0.8), texts(160, 2, agreement=0.8), texts(200, 3, agreement=0.8)
BRIEF: dict[str, Any] = {
    "tune": TUNE, "validation": VALIDATION, "criterion": "equalized_odds", "steps": 4, "progress": False,
    "device": "cpu",
}  # fmt: skip
SOFT: dict[str, Any] = BRIEF | {"trigger": "soft", "lams": [0.0, 2.0, 5.0]}


@pytest.fixture(scope="module", params=["bert", "distilbert"])
def pair(request: pytest.FixtureRequest) -> tuple[Any, Any]:
    """A model that has learned the shortcut, in training mode, and its tokenizer."""
    return shortcut_model(request.param, epochs=2)


@pytest.fixture(scope="module")
def fair(pair: tuple[Any, Any]) -> fp.Reprogrammed:
    model, tokenizer = pair
    return fp.reprogram(model, tokenizer=tokenizer, **SOFT)


def test_model_and_tokenizer_are_as_before(pair: tuple[Any, Any]) -> None:
    model, tokenizer = pair
    before = {name: value.clone() for name, value in model.state_dict().items()}
    modules, modes = [*map(id, model.modules())], [module.training for module in model.modules()]
    flags, written = [value.requires_grad for value in model.parameters()], tokenizer.backend_tokenizer.to_str()
    fair = fp.reprogram(model, tokenizer=tokenizer, **SOFT)
    fair.evaluate(*OWN)
    fair.predict(OWN.x[:3])
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert modules == [*map(id, model.modules())]
    assert modes == [module.training for module in model.modules()]
    assert flags == [value.requires_grad for value in model.parameters()]
    assert tokenizer.backend_tokenizer.to_str() == written


def test_base_is_what_hugging_face_says(pair: tuple[Any, Any], fair: fp.Reprogrammed) -> None:
    model, tokenizer = pair
    model.eval()
    with torch.no_grad():
        logits = model(**tokenizer(OWN.x, padding=True, return_tensors="pt", return_token_type_ids=False)).logits
    model.train()
    accuracy = float((logits.argmax(1).numpy() == OWN.y).mean())
    found = fair.evaluate(*OWN).set_index("method")
    assert found.loc["base", "accuracy"] == pytest.approx(accuracy)
    assert found.index.tolist() == ["reprogram"] * 3 + ["base", "random_words"]


def test_trigger_is_inserted_into_what_the_model_reads(pair: tuple[Any, Any], fair: fp.Reprogrammed) -> None:
    """The module by hand: [CLS], the learned vectors, the text."""
    model, tokenizer = pair
    model.eval()
    ids = tokenizer([OWN.x[0]], return_tensors="pt")["input_ids"]
    vectors = model.get_input_embeddings()(ids)
    trigger = fair.trigger.vectors(fair.trigger.values(2.0))
    by_hand = model(inputs_embeds=torch.cat([vectors[:, :1], trigger, vectors[:, 1:]], 1)).logits.softmax(1)
    model.train()
    assert fair.predict([OWN.x[0]], 2.0) == pytest.approx(by_hand.detach().numpy(), abs=1e-5)


def test_module_takes_strings_and_what_the_tokenizer_made_of_them(pair: tuple[Any, Any], fair: fp.Reprogrammed) -> None:
    some, module = OWN.x[:7], fair.module()
    expected = fair.predict(some)
    given = pair[1](some, padding=True, return_tensors="pt")
    for x in (some, given):
        assert module(x).softmax(1).detach().numpy() == pytest.approx(expected, abs=1e-5)
    left = pair[1](some, padding=True, padding_side="left", return_tensors="pt")
    for wrong in (left, {"input_ids": given["input_ids"]}):
        with pytest.raises(FairprogError, match="padded on the right; give strings"):
            module(wrong)


def test_series_and_arrays_are_texts_too(fair: fp.Reprogrammed) -> None:
    expected = fair.predict(OWN.x[:9])
    for form in (np.array, pd.Series, tuple, lambda x: np.array(x, dtype=object)):
        assert np.array_equal(fair.predict(form(OWN.x[:9])), expected)


def test_soft_trigger_learns_and_saved_and_loaded_it_is_the_same(
    pair: tuple[Any, Any], fair: fp.Reprogrammed, tmp_path: Path
) -> None:
    model, tokenizer = pair
    assert not torch.equal(fair.trigger.anchors, fair.trigger.untrained().anchors)
    fair.save(tmp_path / "folder")
    again = fp.load_reprogrammed(tmp_path / "folder", model, tokenizer=tokenizer)
    pd.testing.assert_frame_equal(again.evaluate(*OWN), fair.evaluate(*OWN))
    with pytest.raises(FairprogError, match="was made with text inputs, tokenizer .*, max_length 128, not image"):
        fp.load_reprogrammed(tmp_path / "folder", model)
    with pytest.raises(FairprogError, match="max_length 128, not .*max_length 30"):
        fp.load_reprogrammed(tmp_path / "folder", model, tokenizer=tokenizer, max_length=30)


def test_soft_words_are_learned_in_bfloat16(pair: tuple[Any, Any]) -> None:
    model, tokenizer = pair
    fair = fp.reprogram(model, tokenizer=tokenizer, **SOFT, precision="bfloat16")
    assert not torch.equal(fair.trigger.anchors, fair.trigger.untrained().anchors)
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}


def test_hard_words_are_searched_and_are_words_of_the_vocabulary(pair: tuple[Any, Any]) -> None:
    model, tokenizer = pair
    fair = fp.reprogram(
        model, tokenizer=tokenizer, **BRIEF, trigger="hard", lams=[0.0, 0.5], identity_words=["Northern"], n_words=2,
        candidates=6, pool=5, rows=60, look_rows=20, final_rows=60,
    )  # fmt: skip
    words = fair.trigger.words(0.5, fair.classifier)
    assert len(words) == 2
    assert set(words) <= {*tokenizer.get_vocab()}
    assert len(fair.curve) == 2


def test_longer_texts_are_cut_to_what_leaves_room_for_the_trigger(fair: fp.Reprogrammed) -> None:
    assert fair.classifier.max_length == 64 - 16
    assert fair.predict(["lovely " * 500]).shape == (1, 2)


def test_half_precision_is_read_in_its_own_type(pair: tuple[Any, Any]) -> None:
    model, tokenizer = pair
    half = type(model)(model.config).to(torch.bfloat16)
    half.load_state_dict(model.state_dict())
    fair = fp.reprogram(half, tokenizer=tokenizer, **SOFT | {"steps": 1})
    assert {value.dtype for value in half.parameters()} == {torch.bfloat16}
    assert fair.findings.base.metric("accuracy").value > 0.7


def mixing() -> nn.Module:
    """It mixes all tokens of a batch, the padding too."""
    return transformers.FNetForSequenceClassification(
        transformers.FNetConfig(vocab_size=64, hidden_size=16, num_hidden_layers=1, intermediate_size=16,
                                max_position_embeddings=64)
    )  # fmt: skip


def short() -> nn.Module:
    return transformers.BertForSequenceClassification(
        transformers.BertConfig(
            vocab_size=64, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
            max_position_embeddings=20,
        )
    )  # fmt: skip


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "numbers": ({"tune": (range(200), TUNE.y, TUNE.z)}, "x of tune holds 0 in row 0; give texts"),
    "missing": ({"tune": ([None, *TUNE.x[1:]], TUNE.y, TUNE.z)}, "x of tune has 1 missing values"),
    "one text": ({"tune": ("a text", TUNE.y, TUNE.z)}, "x of tune is a single text; give a list"),
    "lengths": ({"tune": (TUNE.x[:9], TUNE.y, TUNE.z)}, "numbers of rows differ"),
    "picture trigger": ({"trigger": "border"}, "The trigger border is not for text inputs; choose soft, hard"),
    "preprocess": ({"preprocess": lambda x: x}, "preprocess= and flip= are for pictures, tokenizer= for texts"),
    "tokenizer": ({"tokenizer": "bert-base-uncased"}, "tokenizer is 'bert-base-uncased'; give the model's fast"),
    "max_length": ({"max_length": 2}, "max_length is 2, allowed are integers from 8 on"),
    "allowed": ({"allowed": ["zebra"]}, "the allowed word 'zebra' is no single lower-case word"),
}


@pytest.mark.parametrize("case", WRONG)
def test_texts_and_options_that_do_not_fit_are_one_sentence(pair: tuple[Any, Any], case: str) -> None:
    given, sentence = WRONG[case]
    with pytest.raises(FairprogError, match=sentence):
        fp.reprogram(pair[0], **SOFT | {"tokenizer": pair[1]} | given)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (mixing, "does not read word vectors as it reads tokens; give one of a family like BERT"),
        (short, "reads 20 tokens at most, and 16 are kept for a trigger; give one that reads at least 24"),
        (lambda: nn.Linear(2, 2), "the model is a Linear; give such a one"),
    ],
)
def test_models_that_do_not_fit_are_one_sentence(make: Any, sentence: str) -> None:
    torch.manual_seed(0)
    model = make()
    with pytest.raises(FairprogError, match=sentence):
        fp.reprogram(model, tokenizer=word_piece_tokenizer(), **SOFT)


def test_texts_without_a_tokenizer_are_one_sentence(pair: tuple[Any, Any]) -> None:
    with pytest.raises(FairprogError, match="x of tune holds .*texts need tokenizer="):
        fp.reprogram(pair[0], **SOFT | {"trigger": "border"})
