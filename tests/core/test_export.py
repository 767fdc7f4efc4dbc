"""An exported file: used by a stranger, refused where it cannot be written, never left half."""

import json
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from PIL import Image
from tokenizers import Tokenizer
from torch import Tensor
from transformers import AutoModelForSequenceClassification, AutoTokenizer

import fairprog_core as fp
from fairprog_core import cli
from fairprog_core.classifiers.predict import predict
from fairprog_core.cli.machine.bench import exports
from fairprog_core.common.errors import ConfigError, ModelError
from fairprog_core.common.files.pictures.decode import decode
from fairprog_core.common.home import Home
from fairprog_core.common.registry import build
from fairprog_core.data import DATASETS
from fairprog_core.deploy.export.files import ABOUT, TOKENIZER, read_texts
from fairprog_core.deploy.trigger import open_trigger
from fairprog_core.results.run_folder import shipped_runs
from fairprog_core.triggers import BorderOptions, SoftOptions
from fairprog_core.triggers.image import Border
from fairprog_core.triggers.text import Soft
from tests.contracts.samples import SIZE
from tests.contracts.test_triggers import KNOTS, frozen, trained
from tests.tiny_encoders import save_family
from tests.tiny_pictures import SmallNet, small_net

STRANGER = """
import json, sys
for name in ("torch", "torchvision", "transformers", "fairprog_core"):
    sys.modules[name] = None
import numpy as np
import onnxruntime

session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
meta = session.get_modelmeta().custom_metadata_map
about = json.loads(meta["fairprog"])
given = {"lam": np.array([about["lam"]["chosen"]], dtype=np.float32)}
if "tokenizer.json" in meta:
    from tokenizers import Tokenizer

    encoded = Tokenizer.from_str(meta["tokenizer.json"]).encode_batch(json.load(open(sys.argv[2])))
    given["input_ids"] = np.array([each.ids for each in encoded], dtype=np.int64)
    given["attention_mask"] = np.array([each.attention_mask for each in encoded], dtype=np.int64)
else:
    pictures = np.load(sys.argv[2])
    given["image"] = pictures.transpose(0, 3, 1, 2).astype(np.float32) / 255
logits = session.run(None, given)[0]
print(json.dumps([about["labels"][each] for each in logits.argmax(1)]))
"""


@pytest.mark.parametrize(("study", "data"), [("demo", "faces"), ("demo-comments", "comments")])
def test_stranger_with_onnx_runtime_alone_gets_the_same_predictions(study, data, tmp_path):
    """108 rows of the shipped data, in a process that can import neither torch nor fairprog."""
    result = fp.Result.open(shipped_runs()[study])
    options = DATASETS[data].options(n_train=72, n_tune=72, n_val=72, n_test=108)
    split = build(DATASETS, options, Home(tmp_path / "home")).split("test")
    wrapped = open_trigger(result).wrap(result.base_classifier())
    y_pred = predict(wrapped, wrapped.classifier.prepare(split)).y_pred
    expected = [result.labels[each] for each in y_pred]
    fp.export(wrapped, tmp_path / "model.onnx", rows=split.x[:10], is_timed=False)
    rows = tmp_path / ("rows.npy" if data == "faces" else "rows.json")
    if data == "faces":
        np.save(rows, split.x)
    else:
        rows.write_text(json.dumps(list(split.x)))
    command = [sys.executable, "-I", "-c", STRANGER, str(tmp_path / "model.onnx"), str(rows)]
    found = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert len(expected) == 108
    assert len(set(expected)) == 2
    assert json.loads(found.stdout) == expected


def test_fixed_lam_is_no_input_and_pictures_may_be_bytes(tmp_path):
    file = tmp_path / "out.onnx"
    wrapped = trained("frame").wrap(frozen("image"), lam=2.0)
    report = fp.export(wrapped, file, is_lam_fixed=True, with_preprocessing=True, opset=20)
    session = onnxruntime.InferenceSession(file)
    pictures = np.random.default_rng(0).integers(0, 256, (5, SIZE, SIZE, 3), dtype=np.uint8)
    logits = session.run(None, {"image": pictures})[0]
    with torch.no_grad():
        expected = wrapped(torch.from_numpy(pictures).permute(0, 3, 1, 2) / 255)
    np.testing.assert_allclose(logits, expected.numpy(), atol=1e-5)
    assert [(each.name, each.shape) for each in session.get_inputs()] == [("image", ["batch", SIZE, SIZE, 3])]
    assert [(each.name, each.shape) for each in session.get_outputs()] == [("logits", ["batch", 2])]
    assert onnx.load(file).opset_import[0].version == 20
    assert json.loads(read_texts(file)[ABOUT])["lam"]["fixed"] == 2.0
    assert report.cost.n_bytes == file.stat().st_size
    assert all(cost.milliseconds.keys() == {1, 64} for cost in (report.cost, report.bare))


def test_pictures_of_another_size_are_cut_and_resized_as_fairprog_reads_files(tmp_path):
    wrapped = trained("frame").wrap(frozen("image"), lam=2.0)
    options = {"format": "torch_export", "is_lam_fixed": True, "is_timed": False}
    fp.export(wrapped, tmp_path / "out.pt2", with_preprocessing=(50, 70), **options)
    coarse = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    picture = Image.fromarray(coarse).resize((70, 50), Image.Resampling.BICUBIC)
    picture.save(tmp_path / "picture.png")
    small = torch.from_numpy(decode(tmp_path / "picture.png", SIZE).copy()).permute(2, 0, 1)[None] / 255
    with torch.no_grad():
        found = torch.export.load(tmp_path / "out.pt2").module()(torch.from_numpy(np.array(picture))[None])
        torch.testing.assert_close(found, wrapped(small), atol=2e-3, rtol=0)  # here pixels are whole levels
        mirrored = wrapped(small.flip(3))
    assert (found - mirrored).abs().max() > 1e-2


def test_lam_outside_of_the_trained_range_is_the_nearest_end(tmp_path):
    fp.export(trained("frame").wrap(frozen("image"), lam=2.0), tmp_path / "out.onnx", is_timed=False)
    session = onnxruntime.InferenceSession(tmp_path / "out.onnx")
    image = np.random.default_rng(0).random((2, 3, SIZE, SIZE), dtype=np.float32)

    def logits(lam):
        return session.run(None, {"image": image, "lam": np.array([lam], dtype=np.float32)})[0]

    np.testing.assert_array_equal(logits(1e6), logits(KNOTS[-1]))
    np.testing.assert_array_equal(logits(-3), logits(KNOTS[0]))
    assert not np.array_equal(logits(0), logits(30))


def test_own_model_with_its_preprocessing_is_exported_and_stays_as_it_was(tmp_path):
    model = small_net().train()
    modes = [part.training for part in model.modules()]
    trigger = trained("patch")
    wrapped = trigger.wrap(model, lam=1.0, is_checked=False, preprocess=lambda x: (x - 0.5) / 0.25)
    report = fp.export(wrapped, tmp_path / "out.pt2", format="torch_export", is_timed=False)
    assert report.largest_difference <= 1e-4
    assert [part.training for part in model.modules()] == modes
    program = torch.export.load(tmp_path / "out.pt2").module()
    image = torch.rand(7, 3, SIZE, SIZE)
    with torch.no_grad():
        torch.testing.assert_close(program(image, torch.tensor([1.0])), wrapped(image))


def test_own_decoder_of_texts_is_exported_with_its_tokenizer(tmp_path):
    folder = save_family("gpt2", tmp_path / "gpt2", n_classes=2, n_positions=64)
    model = AutoModelForSequenceClassification.from_pretrained(folder)
    vocabulary, width = model.get_input_embeddings().weight.shape
    trigger = Soft(SoftOptions(), anchor_lams=KNOTS, vocabulary=vocabulary, width=width)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    wrapped = trigger.wrap(model, lam=1.0, tokenizer=tokenizer, max_length=20)
    texts, file = ["the cat sat on a mat", "dog"], tmp_path / "out.pt2"
    fp.export(wrapped, file, format="torch_export", rows=texts, is_timed=False)
    read = Tokenizer.from_str(read_texts(file)[TOKENIZER]).encode_batch(texts)
    ids, mask = (torch.tensor([getattr(each, name) for each in read]) for name in ("ids", "attention_mask"))
    with torch.no_grad():
        logits = torch.export.load(file).module()(ids, mask, torch.tensor([1.0]))
        torch.testing.assert_close(logits, wrapped(texts), atol=1e-4, rtol=0)


class _Moody(Border):
    """Looks at its input before it decides."""

    def apply_values(self, x: Tensor, values: Tensor) -> Tensor:
        return super().apply_values(x, values) if x.mean() > 0.1 else x


class _Counting(Border):
    """Fixes the number of rows: ``len`` is a plain number."""

    def apply_values(self, x: Tensor, values: Tensor) -> Tensor:
        return super().apply_values(x, values) + torch.zeros(1, len(x.flatten(0, 1)), 1, 1, 1)


class _Random(Border):
    """Another mask at every call."""

    def apply_values(self, x: Tensor, values: Tensor) -> Tensor:
        return super().apply_values(x, values) * (torch.rand(x.shape[-1]) > 0.5)


class _Sly(Border):
    """Another trigger when it is exported."""

    def apply_values(self, x: Tensor, values: Tensor) -> Tensor:
        return super().apply_values(x, values + 3 * torch.compiler.is_exporting())


@pytest.mark.parametrize("file_format", ["onnx", "torch_export"])
@pytest.mark.parametrize(
    ("trigger", "reason"),
    [
        (_Moody, r"torch\.export says .*a step that depends on the values of its input"),
        (_Counting, r"cannot be exported for any number of rows: .* write x\.shape\[0\]"),
        (_Random, "answer the same rows differently each time"),
        (_Sly, r"a logit of the exported file differs by .*the file was not written"),
    ],
)
def test_what_cannot_be_exported_is_refused_and_nothing_is_left(trigger, reason, file_format, tmp_path):
    made = trigger(BorderOptions(), anchor_lams=KNOTS, image_size=SIZE)
    with pytest.raises(ModelError, match=reason):
        fp.export(made.wrap(frozen("image"), lam=1.0), tmp_path / "out.onnx", format=file_format, is_timed=False)
    assert not list(tmp_path.iterdir())


def test_torchscript_program_is_refused(tmp_path):
    with pytest.warns(FutureWarning):
        script = torch.jit.script(SmallNet().eval())
    wrapped = trained("frame").wrap(script, lam=1.0, is_checked=False)
    with pytest.raises(ModelError, match="TorchScript program, which torch.export cannot follow"):
        fp.export(wrapped, tmp_path / "out.onnx")


@pytest.mark.parametrize("name", ["onnx", "onnxruntime", "onnxscript"])
def test_missing_library_is_one_sentence_with_the_command_to_install(name, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ConfigError, match=rf'needs the library {name}, .*pip install "fairprog\[export\]"'):
        fp.export(trained("frame").wrap(frozen("image"), lam=1.0), tmp_path / "out.onnx")


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"opset": 9}, "The opset is 9; allowed are 18 to 24"),
        ({"opset": 18, "format": "torch_export"}, "An opset belongs to the format onnx"),
        ({"with_preprocessing": (0, 9)}, "Pictures of 0 × 9 pixels cannot be read"),
        ({"format": "tflite"}, "There is no format 'tflite'; choose onnx or torch_export"),
    ],
)
def test_wrong_argument_is_refused(more, sentence, tmp_path):
    with pytest.raises(ConfigError, match=sentence):
        fp.export(trained("frame").wrap(frozen("image"), lam=1.0), tmp_path / "out", **more)
    with pytest.raises(ConfigError, match="leave out with_preprocessing"):
        fp.export(trained("soft").wrap(frozen("text"), lam=1.0), tmp_path / "out", with_preprocessing=True)
    with pytest.raises(ConfigError, match=r"give what trigger\.wrap\(model\) returns"):
        fp.export(frozen("image"), tmp_path / "out", format="torch_export")


def test_foreign_file_is_not_replaced_and_own_one_is(tmp_path):
    wrapped, file = trained("frame").wrap(frozen("image"), lam=1.0), tmp_path / "out.pt2"
    file.write_bytes(b"something else")
    with pytest.raises(ConfigError, match="is not a graph that fairprog exported"):
        fp.export(wrapped, file, format="torch_export", is_timed=False)
    file.unlink()
    for _ in range(2):
        fp.export(wrapped, file, format="torch_export", is_timed=False)


def test_command_prints_sizes_and_times_beside_the_bare_classifier(tmp_path, capsys):
    file = tmp_path / "out.pt2"
    arguments = ["export", "demo", "--out", str(file), "--format", "torch_export"]
    with pytest.raises(SystemExit) as ended:
        cli.main([*arguments, "--json", "--home", str(tmp_path / "home")])
    assert not ended.value.code
    about = json.loads(capsys.readouterr().out)
    assert about["inputs"] == {"image": ["batch", 3, 64, 64], "lam": [1]}
    assert about["largest_difference"] <= 1e-4
    assert {each["n_rows"] for each in about["parity"]} == {1, 3, 64, 8}  # the last are the explained rows of the run
    assert about["file"]["bytes"] == file.stat().st_size > about["bare"]["bytes"]
    with pytest.raises(SystemExit) as ended:
        cli.main([*arguments, "--lam", "99"])
    assert ended.value.code == 2
    assert "trained for λ from 0 to 30" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        cli.main([*arguments, "--picture-size", "64"])
    assert "give height and width in pixels" in capsys.readouterr().err


def test_bench_prints_what_is_exported_and_why_something_is_not():
    wanted = ("shipped net of faces", "black box")
    good, bad = exports.export_all(nets=wanted, kinds=("frame",), formats=("torch_export",))
    assert exports.table_row(good).startswith("| shipped net of faces | frame | torch_export |")
    assert exports.table_row(good).count("|") == exports.table_row(bad).count("|") == exports.HEAD[0].count("|")
    assert "refused: A black box shows no weights" in exports.table_row(bad)
    assert [each["reason"] == "" for each in exports.details([good, bad])["exports"]] == [True, False]
