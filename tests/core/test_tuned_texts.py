"""Text classifiers that were tuned elsewhere: which output is which label, adapters, and what is refused at once."""

import json
import shutil
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file
from torch import Tensor

from fairprog_core.classifiers import CLASSIFIERS, EncoderOptions
from fairprog_core.classifiers.base import read_classifier, save_classifier
from fairprog_core.classifiers.encoder.classifier import Encoder
from fairprog_core.classifiers.encoder.folder import model_digest
from fairprog_core.common.errors import ConfigError, FairprogError, ModelError
from fairprog_core.common.home import Home
from fairprog_core.common.sharing import Sharing, Sort
from fairprog_core.pipeline.execute import execute
from fairprog_core.study import Study
from tests.tiny_encoders import TEXTS, read, save_family

SIX = ("toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate")
LABELS = ("civil", "toxic")
READ = [text for text in TEXTS if text]


def save(folder: Path, family: str = "bert", *, names: Sequence[str] = (), **changes: Any) -> Path:
    """A tuned model whose outputs have names."""
    if names:
        changes |= {"id2label": dict(enumerate(names)), "label2id": {name: i for i, name in enumerate(names)}}
    return save_family(family, folder, n_classes=len(names) or 2, **changes)


def tuned(folder: Path, of: tuple[str, ...] = LABELS, **options: Any) -> Encoder:
    return Encoder.new_for(EncoderOptions(model=str(folder), tuned=True, **options), labels=of).eval()


@torch.no_grad()
def theirs(folder: Path) -> Tensor:
    """What transformers makes of the texts, one by one."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder).eval()
    ids = [tokenizer(text, return_tensors="pt")["input_ids"] for text in READ]
    return torch.cat([model(input_ids=each).logits for each in ids])


@torch.no_grad()
def ours(encoder: Encoder) -> Tensor:
    logits: Tensor = encoder(read(encoder, *READ))
    assert torch.equal(encoder.head(encoder.features(read(encoder, *READ))), logits)
    return logits


def close(found: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("family", ["bert", "gpt2", "roberta"])  # the head of gpt2 has no bias
def test_single_output_is_a_sigmoid(tmp_path: Path, family: str):
    folder = save(tmp_path / "m", family, names=["toxic"])
    encoder, z = tuned(folder), theirs(folder)
    close(ours(encoder), torch.cat([torch.zeros_like(z), z], dim=1))
    close(ours(tuned(folder, ("toxic", "civil"))), torch.cat([z, torch.zeros_like(z)], dim=1))
    save_classifier(encoder, tmp_path / "c.safetensors")
    again, _ = read_classifier(tmp_path / "c.safetensors", CLASSIFIERS)
    assert torch.equal(ours(again.eval()), ours(encoder))  # type: ignore[arg-type]
    assert again.digest() == encoder.digest()


def test_score_has_a_threshold(tmp_path: Path):
    folder = save(tmp_path, names=["score"], problem_type="regression")
    z = theirs(folder)
    close(ours(tuned(folder, threshold=0.5)), torch.cat([torch.zeros_like(z), z - 0.5], dim=1))


@pytest.mark.parametrize("family", ["distilbert", "qwen2"])
def test_one_of_six_outputs_is_chosen(tmp_path: Path, family: str):
    folder = save(tmp_path, family, names=SIX, problem_type="multi_label_classification")
    z = theirs(folder)[:, [4]]
    close(ours(tuned(folder, label="insult")), torch.cat([torch.zeros_like(z), z], dim=1))
    with pytest.raises(ModelError, match=r"has 6 outputs \(toxic, severe_toxic.*each answer yes or no; choose one"):
        tuned(folder)
    with pytest.raises(ModelError, match="no output 'rude'"):
        tuned(folder, label="rude")


def test_swapped_classes_are_put_right_by_their_names(tmp_path: Path):
    folder = save(tmp_path, names=["TOXIC", "civil"])
    close(ours(tuned(folder)), theirs(folder)[:, [1, 0]])
    close(ours(tuned(folder, ("toxic", "civil"))), theirs(folder))


def test_names_that_cannot_be_matched_are_asked_for(tmp_path: Path):
    folder = save(tmp_path, names=["NEGATIVE", "POSITIVE"])
    with pytest.raises(ModelError, match="its outputs are NEGATIVE, POSITIVE.*set classifier.labels"):
        tuned(folder)
    close(ours(tuned(folder, labels=("toxic", "civil"))), theirs(folder)[:, [1, 0]])


def test_names_of_no_meaning_are_taken_in_order(tmp_path: Path):
    folder = save(tmp_path)
    close(ours(tuned(folder)), theirs(folder))


def test_options_for_a_tuned_model_change_no_key_at_their_defaults():
    content = EncoderOptions().content()
    assert not {"labels", "label", "threshold"} & content.keys()
    assert EncoderOptions(tuned=True, label="toxic").digest() != EncoderOptions(tuned=True).digest()


# ---- adapters of peft


def save_adapter(folder: Path, family: str = "bert", *, base: str = "", **changes: Any) -> tuple[Path, Tensor]:
    """A random adapter as peft writes it, and what peft's own model makes of the texts."""
    peft = pytest.importorskip("peft")
    source = save_family(family, folder / "base", n_classes=2)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(source, num_labels=3,
                                                                            ignore_mismatched_sizes=True)  # fmt: skip
    config = peft.LoraConfig(task_type="SEQ_CLS", r=2, init_lora_weights=False, **changes)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # peft asks transformers what is soon called otherwise
        adapted = peft.get_peft_model(model, config).eval()
    adapted.peft_config["default"].base_model_name_or_path = str(source)
    adapted.save_pretrained(folder / "adapter")
    if base:
        _set(folder / "adapter", base_model_name_or_path=base)
    tokenizer = transformers.AutoTokenizer.from_pretrained(source)
    with torch.no_grad():
        ids = [tokenizer(text, return_tensors="pt")["input_ids"] for text in READ]
        return folder / "adapter", torch.cat([adapted(input_ids=each).logits for each in ids])


def _set(folder: Path, **changes: Any) -> None:
    config = folder / "adapter_config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | changes))


@pytest.mark.parametrize(
    ("family", "base", "changes"),
    [
        ("bert", "", {}),
        ("roberta", "../base", {"target_modules": ["query"]}),
        ("llama", "", {"target_modules": ["q_proj", "v_proj"], "use_rslora": True}),
    ],
)
def test_adapter_is_merged_into_its_base_and_brings_its_head(tmp_path: Path, family: str, base: str, changes: Any):
    folder, expected = save_adapter(tmp_path, family, base=base, **changes)
    labels = ("a", "b", "c")
    encoder = tuned(folder, labels)
    close(ours(encoder), expected)
    save_classifier(encoder, tmp_path / "c.safetensors")
    shutil.rmtree(folder)
    again, _ = read_classifier(tmp_path / "c.safetensors", CLASSIFIERS)
    assert torch.equal(ours(again.eval()), ours(encoder))  # type: ignore[arg-type]


def test_adapter_is_trained_further_with_a_new_head(tmp_path: Path):
    folder, _ = save_adapter(tmp_path)
    encoder = Encoder.new_for(EncoderOptions(model=str(folder)), labels=LABELS)
    assert ours(encoder.eval()).shape == (len(READ), 2)
    assert encoder.linear.weight.requires_grad


def test_key_of_an_adapter_depends_on_its_base(tmp_path: Path):
    folder, _ = save_adapter(tmp_path)
    before = model_digest(str(folder))
    path = tmp_path / "base" / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")
    assert model_digest(str(folder)) != before


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"peft_type": "PROMPT_TUNING"}, "is of the kind 'PROMPT_TUNING', which fairprog cannot merge"),
        ({"megatron_config": {"a": 1}, "megatron_core": "os"}, "which fairprog cannot merge"),
        ({"base_model_name_or_path": None}, "names no base model"),
        ({"base_model_name_or_path": "/nowhere/at all"}, "There is no folder"),
    ],
)
def test_adapter_that_cannot_be_merged_is_one_sentence(tmp_path: Path, change: dict[str, Any], sentence: str):
    folder, _ = save_adapter(tmp_path)
    _set(folder, **change)
    with pytest.raises(ModelError, match=sentence):
        list(Encoder.fetch(EncoderOptions(model=str(folder))))


def test_adapter_of_another_base_is_one_sentence(tmp_path: Path):
    folder, _ = save_adapter(tmp_path)
    other = save_family("distilbert", tmp_path / "other", n_classes=2)
    _set(folder, base_model_name_or_path=str(other))
    with pytest.raises(ModelError, match="cannot be used|does not fit"):
        tuned(folder, ("a", "b", "c"))


def test_weights_that_are_not_finite_are_one_sentence(tmp_path: Path):
    folder = save(tmp_path)
    weights = load_file(folder / "model.safetensors")
    weights["classifier.bias"][0] = torch.nan
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(ModelError, match=r"not all finite \(classifier.bias is not\)"):
        tuned(folder)


def test_folder_of_a_model_and_an_adapter_is_one_sentence(tmp_path: Path):
    """transformers would add the adapter to the model, and import what it names, without being asked."""
    folder, _ = save_adapter(tmp_path)
    for name in ("adapter_config.json", "adapter_model.safetensors"):
        shutil.copy(folder / name, tmp_path / "base" / name)
    with pytest.raises(ModelError, match="holds both a whole model .* and an adapter"):
        list(Encoder.fetch(EncoderOptions(model=str(tmp_path / "base"))))


@pytest.mark.parametrize(("base", "allowed"), [("who/what", "folders"), ("", "hub")])
def test_adapter_names_no_base_that_visitors_may_not_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, base: str, allowed: Sort
):
    folder, _ = save_adapter(tmp_path, base=base)
    for name, value in Sharing(is_shared=True, allowed=frozenset([allowed])).to_environment().items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match="the owner of this shared server does not allow"):
        list(Encoder.fetch(EncoderOptions(model=str(folder))))


# ---- refused before any data are prepared


def t5(folder: Path) -> None:
    _change(folder, "t5", d_model=16, d_kv=8, d_ff=24, num_layers=2, num_heads=2)


def bart(folder: Path) -> None:
    _change(folder, "bart", d_model=16, encoder_layers=1, decoder_layers=1)


def vision(folder: Path) -> None:
    _change(folder, "vit", hidden_size=16)


def _change(folder: Path, family: str, **sizes: int) -> None:
    transformers.AutoConfig.for_model(family, num_labels=2, **sizes).save_pretrained(folder)


def lost_shard(folder: Path) -> None:
    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder)
    (folder / "model.safetensors").unlink()
    model.save_pretrained(folder, max_shard_size="3KB")
    sorted(folder.glob("model-*.safetensors"))[1].unlink()


def slow_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()
    (folder / "spiece.model").write_bytes(b"no SentencePiece model")


def no_cls(folder: Path) -> None:
    content = json.loads((folder / "tokenizer.json").read_text("utf-8")) | {"post_processor": None}
    (folder / "tokenizer.json").write_text(json.dumps(content), "utf-8")


def custom_code(folder: Path) -> None:
    (folder / "config.json").write_text('{"model_type": "own", "auto_map": {"AutoConfig": "own.Config"}}')


REFUSED = {
    t5: r"\(t5\) is an encoder with a decoder",
    bart: r"\(bart\) is an encoder with a decoder",
    vision: r"\(vit\) is of a family that transformers has no sequence classifier of",
    lost_shard: r"lacks 1 of the \d+ files of its weights \(model-00002.*\); download it again",
    slow_tokenizer: "The tokenizer in .* cannot be used .*; save the tokenizer again in its fast form",
    no_cls: r"it makes \[\] of an empty one",
    custom_code: "cannot be used",
}


@pytest.mark.parametrize("change", REFUSED, ids=lambda change: change.__name__)
def test_model_that_does_not_fit_is_refused_before_data(tmp_path: Path, change: Any):
    folder = save(tmp_path / "m")
    change(folder)
    _refuse(tmp_path, folder, REFUSED[change])


@pytest.mark.parametrize(
    ("names", "options", "sentence"),
    [
        (SIX, {}, "has 6 outputs"),
        (["x", "y"], {}, "its outputs are x, y, the data's labels"),
        (["a"], {"label": "b"}, "no output 'b'"),
    ],
)
def test_outputs_that_do_not_match_are_refused_before_data(
    tmp_path: Path, names: Sequence[str], options: dict[str, Any], sentence: str
):
    _refuse(tmp_path, save(tmp_path / "m", names=names), sentence, **options)


def _refuse(tmp_path: Path, folder: Path, sentence: str, **options: Any) -> None:
    study = Study.parse(
        {
            "dataset": {"kind": "comments", "n_train": 128, "n_tune": 128, "n_val": 24, "n_test": 24},
            "classifier": {"kind": "encoder", "model": str(folder), "tuned": True, **options},
            "triggers": [{"kind": "soft"}],
        }
    )
    records = execute(study, home=Home.find(tmp_path / "h"), folder=tmp_path / "r")
    stages: list[Any] = []
    with pytest.raises(FairprogError, match=sentence) as caught:
        stages.extend(record.get("stage") for record in records)  # keeps what came before the error
    assert "data" not in stages
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300 + len(str(tmp_path))
