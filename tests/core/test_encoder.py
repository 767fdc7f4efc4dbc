"""Text classifiers: five families of tiny models; the shipped encoder; how it is cut."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
import transformers
from torch import nn

from fairprog_core.classifiers import CLASSIFIERS, EncoderOptions
from fairprog_core.classifiers.base import freeze, read_classifier, save_classifier
from fairprog_core.classifiers.encoder.asset import cut_encoder
from fairprog_core.classifiers.encoder.classifier import Encoder
from fairprog_core.classifiers.encoder.folder import find_model, model_digest
from fairprog_core.classifiers.encoder.text_classifier import AT_ONCE, ROOM
from fairprog_core.classifiers.encoder.text_input import TextInput
from fairprog_core.classifiers.encoder.tokens import Tokens
from fairprog_core.cli import main
from fairprog_core.common.errors import ConfigError, ModelError
from fairprog_core.common.home import assets
from fairprog_core.data.base import Split
from tests.tiny_encoders import FAMILIES, STRANGE, TEXTS, WORDS, make, read, save_family


@pytest.fixture(params=FAMILIES)
def encoder(request: pytest.FixtureRequest, folders: dict[str, Path]) -> Encoder:
    """A classifier of every family, in evaluation mode."""
    return make(folders[request.param])


# ---- every family


def test_vectors_give_the_logits_that_hugging_face_gives_for_tokens(tmp_path, encoder):
    """The model is saved as it is, read by transformers alone, and given token numbers."""
    folder = save_family(encoder.config["model_type"], tmp_path, n_classes=3)
    theirs = transformers.AutoModelForSequenceClassification.from_pretrained(folder).eval()
    ours = make(folder, tuned=True)
    ids = torch.from_numpy(ours.encode(TEXTS)).long()
    with torch.no_grad():
        expected = theirs(input_ids=ids, attention_mask=(ids != ours.tokens.pad_id).long()).logits
        torch.testing.assert_close(ours(read(ours, *TEXTS)), expected, atol=1e-5, rtol=1e-5)
    assert expected.std(0).max() > 1e-2  # the texts differ, so that agreeing means something


@pytest.mark.parametrize("is_training", [False, True], ids=["evaluation", "training"])
def test_gradients_by_the_vectors_are_those_of_hugging_face(tmp_path, encoder, is_training):
    """In training the same dropout is drawn, though the last layer is asked for its first token alone otherwise."""
    folder = save_family(encoder.config["model_type"], tmp_path, n_classes=3)
    theirs = transformers.AutoModelForSequenceClassification.from_pretrained(folder).train(is_training)
    ours = make(folder, tuned=True).train(is_training)
    x = read(ours, *TEXTS)
    found, expected = (x.vectors.clone().requires_grad_() for _ in range(2))
    torch.manual_seed(3)
    ours(x._replace(vectors=found))[:, 0].sum().backward()
    torch.manual_seed(3)
    theirs(inputs_embeds=expected, attention_mask=x.mask.long()).logits[:, 0].sum().backward()
    torch.testing.assert_close(found.grad, expected.grad, atol=1e-4, rtol=1e-3)
    assert found.grad.abs().max() > 1e-2


def test_row_does_not_depend_on_its_batch(encoder):
    with torch.no_grad():
        together = encoder(read(encoder, *TEXTS))
        for row, text in enumerate(TEXTS):
            torch.testing.assert_close(encoder(read(encoder, text))[0], together[row], atol=1e-5, rtol=1e-5)


def test_many_rows_are_read_with_others_of_their_length_and_stay_in_order(encoder):
    rows = encoder.encode(np.random.default_rng(0).permutation([*TEXTS] * AT_ONCE)[: 2 * AT_ONCE + 5])
    shapes = []
    expected = torch.cat([encoder(encoder.to_input(row[None])) for row in rows])
    watch = encoder.body.register_forward_pre_hook(
        lambda module, args, kwargs: shapes.append(tuple(kwargs["attention_mask"].shape)), with_kwargs=True
    )
    found = encoder(encoder.to_input(rows))
    watch.remove()
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)
    assert [k for k, _ in shapes] == [AT_ONCE, AT_ONCE, 5]
    lengths = np.sort((rows != encoder.tokens.pad_id).sum(1))
    assert [t for _, t in shapes] == [lengths[AT_ONCE - 1], lengths[2 * AT_ONCE - 1], lengths[-1]]


def test_vectors_behind_the_mask_are_never_read(encoder):
    x = read(encoder, *TEXTS)
    noise = torch.where(x.mask[..., None], x.vectors, torch.full_like(x.vectors, 3.0))
    with torch.no_grad():
        torch.testing.assert_close(encoder(x._replace(vectors=noise)), encoder(x), atol=1e-5, rtol=1e-5)


def test_order_of_the_words_matters(encoder):
    with torch.no_grad():
        features = encoder.features(read(encoder, "the dog ran from the cat", "the cat ran from the dog"))
    assert (features[0] - features[1]).abs().max() > 1e-3


def test_logits_are_the_head_of_the_features(encoder):
    x = read(encoder, *TEXTS)
    with torch.no_grad():
        features = encoder.features(x)
        assert features.shape == (len(TEXTS), 16)
        assert torch.equal(encoder.head(features), encoder(x))


def test_rows_are_framed_filled_up_and_trimmed(encoder):
    cls, sep = encoder.tokenizer.cls_token_id, encoder.tokenizer.sep_token_id
    ids = encoder.encode(TEXTS)
    assert ids.dtype == np.int32
    assert (ids[:, 0] == cls).all()
    x = encoder.to_input(ids[[1, 3]])  # "dog" and the empty text
    assert x.mask.sum(1).tolist() == x.lengths.tolist()
    assert x.ids.shape == x.mask.shape == x.vectors.shape[:2]
    assert x.ids.shape[1] == x.lengths[0] < ids.shape[1]
    assert x.ids[1, : x.lengths[1]].tolist() == [cls, sep]
    assert x.ids[1, x.lengths[1] :].eq(encoder.tokens.pad_id).all()
    assert torch.equal(x.vectors, encoder.embedding[x.ids])
    assert x.vectors.shape[2] == encoder.input_spec["width"]
    assert len(encoder.embedding) == encoder.input_spec["vocabulary"]


def test_text_input_rows_and_devices(encoder):
    x = read(encoder, *TEXTS)
    some = x.rows(torch.tensor([2, 0]))
    assert torch.equal(some.ids, x.ids[[2, 0]])
    assert torch.equal(x.to("cpu").vectors, x.vectors)


def test_reading_order_is_from_short_to_long(encoder):
    ids = encoder.encode(TEXTS)
    assert encoder.reading_order(ids)[0] == 3
    lengths = (ids[encoder.reading_order(ids)] != encoder.tokens.pad_id).sum(1)
    assert (np.diff(lengths) >= 0).all()


def test_long_text_loses_its_end_and_leaves_room_for_a_trigger(encoder):
    """40 positions, 16 of them for a trigger: 24 tokens, the first and the last of them special."""
    assert encoder.max_length == 40 - ROOM
    ids = encoder.encode(["the cat " * 500])
    assert ids.shape == (1, 24)
    assert ids[0, -1] == encoder.tokenizer.sep_token_id
    x = encoder.to_input(ids)
    longest = TextInput(*(torch.cat([part, part[:, :ROOM]], 1) for part in x[:3]))
    with torch.no_grad():
        assert encoder(longest).isfinite().all()


def test_max_length_of_the_options_counts_where_the_model_can_read_more(folders):
    assert make(folders["bert"], max_length=10).encode(["the cat " * 500]).shape == (1, 10)


@pytest.mark.parametrize("text", STRANGE, ids=lambda text: ascii(text[:12]))
def test_strange_text_is_read(encoder, text):
    ids = encoder.encode([text])
    assert ids.shape[1] <= encoder.max_length
    assert (ids[0] == encoder.tokens.pad_id).sum() == 0
    special = {encoder.tokenizer.cls_token_id, encoder.tokenizer.sep_token_id}
    assert not special & set(ids[0, 1:-1].tolist())
    with torch.no_grad():
        assert encoder(encoder.to_input(ids)).isfinite().all()


def test_no_rows_are_no_rows(encoder):
    assert encoder.encode([]).shape == (0, 0)


def test_prepare_reads_the_texts_of_a_split(encoder):
    share = np.full((1, 2), 0.5)
    split = Split(np.array(TEXTS, dtype=object), np.zeros(5, np.int64), np.zeros(5, np.int64), share, False)
    prepared = encoder.prepare(split)
    assert np.array_equal(prepared.x, encoder.encode(TEXTS))
    assert prepared.y is split.y


def test_whole_words_read_back_as_themselves(encoder):
    """Single letters are words here for BERT's kind alone, whose alphabet is not marked as the middle of a word."""
    words = encoder.words
    assert set(WORDS) <= set(words)
    assert "ing" not in words
    numbers = [words[word] for word in ("cat", "mat", "on")]
    text = encoder.tokens.text(numbers)
    assert text.split() == ["cat", "mat", "on"]
    assert encoder.encode([text])[0, 1:-1].tolist() == numbers


def test_save_then_read_needs_no_folder(encoder, folders, tmp_path, monkeypatch):
    path, again_at = tmp_path / "c.safetensors", encoder.options.model
    save_classifier(encoder, path)
    monkeypatch.setattr(
        "fairprog_core.classifiers.encoder.classifier.find_model", lambda name: pytest.fail(f"asked for {again_at}")
    )
    again, _ = read_classifier(path, {"encoder": CLASSIFIERS["encoder"]})
    with torch.no_grad():
        assert torch.equal(again.eval()(read(again, *TEXTS)), encoder(read(encoder, *TEXTS)))
    assert again.digest() == encoder.digest()
    assert again.max_length == encoder.max_length
    assert again.words == encoder.words


def test_frozen_encoder_learns_nothing_and_lets_gradients_through(encoder):
    before = encoder.digest()
    x = read(encoder, *TEXTS)
    vectors = x.vectors.requires_grad_()
    frozen = freeze(encoder)
    frozen(x._replace(vectors=vectors))[:, 0].sum().backward()
    assert not any(value.requires_grad for value in frozen.parameters())
    assert frozen.digest() == before
    assert (vectors.grad.abs().sum((1, 2)) > 0).all()


def test_training_leaves_the_embeddings_alone_and_learns(folders):
    """Two texts, two classes, 60 steps: cross-entropy from about .7 to less than .1."""
    encoder = make(folders["bert"], n_classes=2)
    table, positions = (
        value.clone() for name, value in encoder.state_dict().items() if "word_emb" in name or "position_emb" in name
    )
    optimizer = torch.optim.AdamW([value for value in encoder.parameters() if value.requires_grad], lr=3e-3)
    y = torch.tensor([0, 1])
    for _ in range(60):
        loss = F.cross_entropy(encoder(read(encoder, "the cat sat", "the dog ran")), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.1
    after = encoder.state_dict()
    assert torch.equal(after["body.bert.embeddings.word_embeddings.weight"], table)
    assert torch.equal(after["body.bert.embeddings.position_embeddings.weight"], positions)


def test_new_head_follows_the_seed(folders):
    assert make(folders["electra"], seed=1).digest() == make(folders["electra"], seed=1).digest()
    assert make(folders["electra"], seed=1).digest() != make(folders["electra"], seed=2).digest()


def test_encoder_has_no_map_for_grad_cam(folders):
    with pytest.raises(ConfigError, match="integrated_gradients"):
        _ = make(folders["bert"]).cam_layer


# ---- what cannot be used


def test_tuned_model_keeps_its_head_and_another_number_of_classes_is_refused(tmp_path):
    folder = save_family("roberta", tmp_path, n_classes=3)
    assert make(folder, tuned=True, seed=1).digest() == make(folder, tuned=True, seed=2).digest()
    with pytest.raises(ModelError, match="has 3 outputs .* and the data 4 labels"):
        make(folder, tuned=True, n_classes=4)
    assert make(folder, n_classes=4)(read(make(folder, n_classes=4), "a cat")).shape == (1, 4)


def test_encoder_without_head_is_not_tuned(folders):
    with pytest.raises(ModelError, match="no tuned head"):
        make(folders["bert"], tuned=True)


def test_half_of_the_weights_missing_is_refused(tmp_path):
    folder = save_family("bert", tmp_path)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "num_hidden_layers": 3}))
    with pytest.raises(ModelError, match="lack 16 of those"):
        make(folder)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda folder: (folder / "model.safetensors").write_bytes(b"xx"), "cannot be used"),
        (lambda folder: (folder / "model.safetensors").rename(folder / "pytorch_model.bin"), "weights as .safetensors"),
        (lambda folder: (folder / "config.json").write_text('{"model_type": "nosuch"}'), "cannot be used"),
        (lambda folder: (folder / "config.json").write_text('{"auto_map": {"AutoConfig": "x.Y"}}'), "cannot be used"),
        (lambda folder: (folder / "config.json").unlink(), "lacks config.json"),
        (lambda folder: (folder / "tokenizer.json").unlink(), "lacks a tokenizer"),
        (lambda folder: (folder / "tokenizer.json").write_text("{"), "cannot be used"),
    ],
)
def test_folder_that_cannot_be_used_is_one_sentence(tmp_path, change, sentence):
    folder = save_family("bert", tmp_path)
    change(folder)
    with pytest.raises(ModelError, match=sentence) as caught:
        make(folder)
    assert "\n" not in str(caught.value)


def test_tokenizer_that_frames_no_text_is_refused(tmp_path):
    folder = save_family("bert", tmp_path)
    values = json.loads((folder / "tokenizer.json").read_text("utf-8"))
    (folder / "tokenizer.json").write_text(json.dumps({**values, "post_processor": None}), "utf-8")
    with pytest.raises(ModelError, match=r"it makes \[\] of an empty one"):
        make(folder)


def test_model_that_reads_too_little_is_refused(tmp_path):
    with pytest.raises(ModelError, match="reads 20 tokens at most"):
        make(save_family("bert", tmp_path, max_position_embeddings=20))


def test_word_table_shorter_than_the_vocabulary_is_refused(tmp_path):
    with pytest.raises(ModelError, match="word table only 60 rows"):
        make(save_family("bert", tmp_path, vocab_size=60))


def test_model_that_reads_vectors_otherwise_than_tokens_is_refused(folders, monkeypatch):
    from fairprog_core.classifiers.encoder import classifier as text

    read_model = text.read_model

    def scaling(*args: object, **kwargs: object) -> nn.Module:
        model = read_model(*args, **kwargs)
        model.register_forward_pre_hook(
            lambda module, args, kwargs: (args, {k: v * 2 if k == "inputs_embeds" else v for k, v in kwargs.items()}),
            with_kwargs=True,
        )
        return model

    monkeypatch.setattr(text, "read_model", scaling)
    with pytest.raises(ModelError, match="does not read word vectors"):
        make(folders["distilbert"])


@pytest.mark.parametrize("name", ["./nowhere", "no/where/at-all", "~/nothing here"])
def test_folder_that_does_not_exist_is_one_sentence(name):
    with pytest.raises(ModelError, match="There is no folder"):
        find_model(name)


def test_digest_changes_with_the_weights_alone(tmp_path):
    folder = save_family("bert", tmp_path / "a")
    copy = shutil.copytree(folder, tmp_path / "b")
    (copy / "README.md").write_text("notes")
    assert model_digest(str(folder)) == model_digest(str(copy))
    data = bytearray((copy / "model.safetensors").read_bytes())
    data[-1] ^= 1
    (copy / "model.safetensors").write_bytes(data)
    assert model_digest(str(folder)) != model_digest(str(copy))
    assert Encoder.cache_inputs(EncoderOptions(model=str(folder))) == {"model": model_digest(str(folder))}


# ---- the shipped encoder, and how it is cut


@pytest.fixture(scope="module")
def shipped() -> Iterator[Encoder]:
    torch.manual_seed(0)
    with torch.no_grad():
        yield Encoder.new(EncoderOptions(), n_classes=2).eval()


def test_shipped_encoder_is_small_whole_and_attributed(shipped):
    folder = find_model("shipped")
    assert folder.is_relative_to(assets())
    assert sum(path.stat().st_size for path in folder.iterdir()) <= 15e6
    assert len(shipped.words) >= 5000
    notice = (folder / "NOTICE").read_text()
    assert "sentence-transformers/all-MiniLM-L6-v2" in notice
    assert "Apache" in notice
    assert "Version 2.0" in (folder / "LICENSE").read_text()
    assert shipped.input_spec["width"] == 384


@pytest.mark.parametrize("word", ["christian", "muslim", "jewish", "buddhist", "hindu", "church", "mosque", "the"])
def test_shipped_encoder_knows_the_word_as_one_token(shipped, word):
    assert shipped.encode([f"{word.capitalize()}!"]).shape == (1, 4)
    assert word in shipped.words


@pytest.mark.parametrize("text", STRANGE, ids=lambda text: ascii(text[:12]))
def test_shipped_encoder_reads_strange_text(shipped, text):
    assert shipped(read(shipped, text)).isfinite().all()


def test_shipped_encoder_reads_any_latin_text_without_unknown_tokens(shipped):
    ids = shipped.encode(["Quixotic zephyrs vexed Björk's 1,234 jacuzzi-loving sphinxes; naïve? (ß & ñ)"])
    assert shipped.tokenizer.unk_token_id not in ids


def save_source(folder: Path) -> Path:
    save_family("bert", folder)
    return folder


def test_cut_encoder_twice_gives_the_same_bytes(tmp_path):
    source = save_source(tmp_path / "source")
    for name in ("a", "b"):
        cut_encoder(source, tmp_path / name, layers=1, n_words=4, n_pieces=0)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_cut_encoder_reads_kept_words_as_its_source_does(tmp_path):
    """One of two layers, four words; the source's own first layer is the oracle, in half precision."""
    source = save_source(tmp_path / "source")
    cut = cut_encoder(source, tmp_path / "cut", layers=1, n_words=4, n_pieces=0, texts=["MAT"])
    full, small = make(source), make(tmp_path / "cut")
    text = "the cat sat on the mat"  # the first four words of the vocabulary, and the one that was asked for
    assert (cut.n_words, cut.n_entries) == (5, 5 + 26 + 26 + 5)
    assert cut.n_entries == small.tokens.n_ids == len(small.embedding) < len(full.embedding)
    assert small.tokens.text(small.encode([text])[0]) == full.tokens.text(full.encode([text])[0])
    with torch.no_grad():
        x, y = read(full, text), read(small, text)
        theirs, cut_one = (
            transformers.AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
            for folder in (source, tmp_path / "cut")
        )
        first = theirs(inputs_embeds=x.vectors, output_hidden_states=True).hidden_states[1]
        last = cut_one(inputs_embeds=y.vectors).last_hidden_state
    torch.testing.assert_close(last, first, atol=2e-2, rtol=2e-2)


def test_cut_encoder_spells_what_it_dropped(tmp_path):
    source = save_source(tmp_path / "source")
    cut_encoder(source, tmp_path / "cut", layers=1, n_words=2, n_pieces=0)
    small = make(tmp_path / "cut")
    assert "dog" not in small.words
    assert small.tokens.text(small.encode(["dog"])[0, 1:-1]) == "dog"
    assert small.encode(["dog"]).shape == (1, 5)


def test_encoder_command_keeps_the_words_of_a_file_and_of_a_data_set(tmp_path, capsys):
    source = save_source(tmp_path / "source")
    (tmp_path / "words.txt").write_text("The cat\nran!", "utf-8")
    with pytest.raises(SystemExit) as ended:
        main(["encoder", str(source), str(tmp_path / "cut"), "--layers", "1",
              "--words", str(tmp_path / "words.txt"), "--data", "comments"])  # fmt: skip
    assert ended.value.code == 0
    assert "cut: 68 entries, 10 of them whole words; 0.0 MB." in capsys.readouterr().out
    assert {"the", "cat", "ran"} <= set(make(tmp_path / "cut").words)


def test_cut_encoder_of_another_family_says_so(tmp_path, folders):
    with pytest.raises(ModelError, match="no BERT with a WordPiece vocabulary"):
        cut_encoder(folders["roberta"], tmp_path / "cut")
    with pytest.raises(ModelError, match="keep 1 to 2"):
        cut_encoder(folders["bert"], tmp_path / "cut", layers=3)
    assert not (tmp_path / "cut").exists()


def test_tokenizer_whose_template_names_a_token_that_it_lacks_is_one_sentence():
    """The tokenizers library panics, which is no ``Exception`` in Python."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(assets() / "encoders" / "minilm-2")
    state = Tokens.of(tokenizer).tokenizer_state
    broken = json.loads(json.dumps(state))
    del broken["tokenizer"]["post_processor"]["special_tokens"]["[CLS]"]
    with pytest.raises(ModelError, match=r"The tokenizer of this model cannot be built \(no entry found for key\)"):
        Tokens(broken)


@pytest.mark.parametrize("number", [10_000_001, 2**31, 10**400])
def test_tokenizer_with_a_huge_id_is_one_sentence(folders, tmp_path, number):
    """The tokenizers library would ask for a byte for every id below it, and end the process where it gets none."""
    folder = shutil.copytree(folders["bert"], tmp_path / "bert")
    content = json.loads((folder / "tokenizer.json").read_text("utf-8"))
    content["model"]["vocab"]["cat"] = number
    (folder / "tokenizer.json").write_text(json.dumps(content), "utf-8")
    sentence = r"has a token with the id .*; ids up to 10,000,000 are allowed"
    with pytest.raises(ModelError, match=sentence):
        make(folder)
    with pytest.raises(ModelError, match=sentence):
        cut_encoder(folder, tmp_path / "cut")
    with pytest.raises(ModelError, match=sentence):
        Tokens({"tokenizer": content, "special": {}})


def test_tokenizer_with_an_id_beyond_the_word_table_is_one_sentence(folders, tmp_path):
    """Its vocabulary is not larger than the table: only the one id is."""
    folder = shutil.copytree(folders["bert"], tmp_path / "bert")
    content = json.loads((folder / "tokenizer.json").read_text("utf-8"))
    content["model"]["vocab"]["cat"] = 5000
    (folder / "tokenizer.json").write_text(json.dumps(content), "utf-8")
    with pytest.raises(ModelError, match=r"has ids up to 5000 and its word table only \d+ rows"):
        make(folder)


def test_tokenizer_without_its_unknown_token_is_one_sentence(folders):
    """The tokenizers library notices that only with a word that it does not know."""
    broken = json.loads(json.dumps(make(folders["bert"]).tokenization))
    broken["tokenizer"]["model"]["unk_token"] = "[UNK]x"
    with pytest.raises(ModelError, match=r"cannot be built \(WordPiece error: Missing \[UNK\] token"):
        Tokens(broken)


def test_two_words_with_one_id_are_one_sentence(folders, tmp_path):
    """The tokenizers library keeps one of them, now this and now that one."""
    folder = shutil.copytree(folders["bert"], tmp_path / "bert")
    content = json.loads((folder / "tokenizer.json").read_text("utf-8"))
    content["model"]["vocab"]["cat"] = content["model"]["vocab"]["[UNK]"]
    (folder / "tokenizer.json").write_text(json.dumps(content), "utf-8")
    sentence = "Two words in the vocabulary of this model have one id"
    with pytest.raises(ModelError, match=sentence):
        make(folder)
    with pytest.raises(ModelError, match=sentence):
        Tokens({"tokenizer": content, "special": {}})


def test_tokenizer_that_reads_a_text_twice_is_one_sentence(folders):
    """An empty text does not show it."""
    broken = json.loads(json.dumps(make(folders["bert"]).tokenization))
    single = broken["tokenizer"]["post_processor"]["single"]
    single[1:1] = [single[1]] * 3
    with pytest.raises(ModelError, match=r"does not read a text as \[CLS\] … \[SEP\]"):
        Tokens(broken)
