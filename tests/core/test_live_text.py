"""Live explanations of texts: any text, the gallery's layout, the same process as for pictures."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from fairprog_core.classifiers import CLASSIFIERS
from fairprog_core.classifiers.base import freeze, read_classifier, save_classifier
from fairprog_core.common.errors import ArtifactError, ConfigError, DataError, FairprogError
from fairprog_core.common.registry import build
from fairprog_core.data import CommentsOptions
from fairprog_core.explain.base import finish
from fairprog_core.explain.live.process import ExplainProcess, Request, TextRequest
from fairprog_core.explain.live.text import LETTERS, answer
from fairprog_core.explain.text.conditions import TextConditions
from fairprog_core.explain.text.gallery import attribute
from fairprog_core.explain.text.words import MOST_LETTERS, worded
from fairprog_core.results.gallery_file import Gallery, write_gallery
from fairprog_core.triggers import TRIGGERS
from fairprog_core.triggers.base import load_trigger
from tests.core.test_live import pid
from tests.tiny_encoders import STRANGE, make, save_family

LAMS = (0.0, 2.0, 8.0)
K = 3
TEXTS = (*STRANGE, "cat " * 2500, "x" * 10_000, "<b>cat</b> & \u202edog", "\x00", "😀" * 3000, "?!" * 5000)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A tiny BERT and a soft trigger, as a run on made-up comments writes them."""
    root = tmp_path_factory.mktemp("live")
    classifier = make(save_family("bert", root / "encoder"), n_classes=2)
    about = {"labels": ["not toxic", "toxic"], "groups": ["christian", "muslim", "other"]}
    save_classifier(classifier, root / "base.safetensors", dataset=CommentsOptions().to_json(), **about)
    trigger = build(TRIGGERS, TRIGGERS["soft"].options(n_words=K), anchor_lams=LAMS, **classifier.input_spec).attach_to(
        classifier
    )
    with torch.no_grad():
        trigger.anchors.add_(torch.randn(trigger.anchors.shape, generator=torch.Generator().manual_seed(9)))
    trigger.save(root / "trigger.safetensors", criterion="equalized_odds")
    return root / "base.safetensors", root / "trigger.safetensors"


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A classifier of pictures and a border."""
    root = tmp_path_factory.mktemp("pictures")
    classifier = build(CLASSIFIERS, CLASSIFIERS["residual_net"].options(), n_classes=2, image_size=32)
    save_classifier(classifier, root / "base.safetensors")
    build(TRIGGERS, TRIGGERS["border"].options(), anchor_lams=(0.0, 10.0), image_size=32).save(
        root / "trigger.safetensors"
    )
    return root / "base.safetensors", root / "trigger.safetensors"


@pytest.fixture(scope="module")
def process() -> Iterator[ExplainProcess]:
    process = ExplainProcess()
    yield process
    process.close()


def ask(files: tuple[Path, Path], text: str, lams: tuple[float, ...] = LAMS) -> tuple[dict[str, Any], dict[str, Any]]:
    """The answer, without a process of its own."""
    return answer(TextRequest(text, *files, lams))


def test_answer_equals_the_library_call(process: ExplainProcess, files: tuple[Path, Path]):
    text = "The dog ran away from the Muslims, it sat"
    arrays, about = process.explain_text(TextRequest(text, *files, LAMS))
    classifier: Any = freeze(read_classifier(files[0], CLASSIFIERS)[0])
    trigger: Any = load_trigger(files[1])
    conditions = TextConditions(classifier, trigger, LAMS)
    expected, described = finish(
        attribute(conditions, [worded(classifier, text)], frozenset({"muslims"}), picked="by hand")
    )
    for name, values in expected.items():
        np.testing.assert_allclose(arrays[name], values, atol=1e-5, err_msg=name)
    assert about["texts"] == described["texts"] == [text.split()[: len(about["texts"][0])]]
    assert about["trigger_words"] == described["trigger_words"]


def test_layout_is_the_gallerys_with_one_text(files: tuple[Path, Path], tmp_path: Path):
    arrays, about = ask(files, "the cat sat")
    assert {name: arrays[name].tolist() for name in ("row", "y", "z", "first")} == {
        "row": [-1], "y": [-1], "z": [-1], "first": [0, 3],
    }  # fmt: skip
    assert arrays["lams"].tolist() == list(LAMS)
    assert arrays["ig"].shape == (3, len(LAMS))
    assert arrays["ig_trigger"].shape == (1, len(LAMS), K)
    assert arrays["logits"].shape == (1, len(LAMS), 2)
    assert about["labels"] == ["not toxic", "toxic"]
    assert about["groups"] == ["christian", "muslim", "other"]
    assert (about["criterion"], about["trigger"], about["position"]) == ("equalized_odds", "soft", "start")
    write_gallery(tmp_path / "gallery.safetensors", Gallery(arrays, about))


def test_identity_words_are_those_of_the_bases_data(files: tuple[Path, Path]):
    assert ask(files, "A cat, Muslims")[0]["is_identity"].tolist() == [0, 0, 1]


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: ascii(text[:12]))
def test_any_text_is_explained(text: str, files: tuple[Path, Path]):
    arrays, about = ask(files, text, (2.0,))
    words = about["texts"][0]
    assert len(words) == len(arrays["is_identity"]) == len(arrays["ig"])
    assert all(np.isfinite(values).all() for values in arrays.values())
    assert about["is_cut"] == [len(text) > 1000 or about["is_cut"][0]]
    for word in words:
        assert len(word) <= MOST_LETTERS
        word.encode("utf-8")


def test_text_is_cut_by_the_classifiers_window_before_it_is_split_into_tokens(files: tuple[Path, Path]):
    """Behind so many spaces no word is looked for, although spaces are no tokens."""
    most = LETTERS * read_classifier(files[0], CLASSIFIERS)[0].max_length  # type: ignore[attr-defined]
    for spaces, words in ((most - 3, ["cat"]), (most, [])):
        about = ask(files, " " * spaces + "cat", (2.0,))[1]
        assert (about["texts"], about["is_cut"]) == ([words], [not words])


def test_text_without_words_still_has_the_trigger(files: tuple[Path, Path]):
    arrays, about = ask(files, "  ")
    assert about["texts"] == [[]]
    assert about["is_cut"] == [False]
    assert arrays["ig"].shape == (0, len(LAMS))
    assert arrays["ig_trigger"].any()


def test_pictures_and_texts_are_answered_by_one_process(
    process: ExplainProcess, files: tuple[Path, Path], pictures: tuple[Path, Path]
):
    process.explain_text(TextRequest("a dog", *files, LAMS))
    before = pid(process)
    picture = np.zeros((32, 32, 3), dtype=np.uint8)
    assert "photo" in process.explain(Request(picture, *pictures, lam=1.0))
    process.explain_text(TextRequest("a mat", *files, LAMS))
    assert pid(process) == before


def test_same_content_is_answered_once(process: ExplainProcess, files: tuple[Path, Path]):
    request = TextRequest("a \ud800 cat", *files, LAMS)
    assert process.submit(request).answer is process.submit(TextRequest("a \ud800 cat", *files, LAMS)).answer
    assert process.submit(request).answer is not process.submit(request._replace(text="a \ud801 cat")).answer
    assert process.submit(request).answer is not process.submit(request._replace(lams=(1.0,))).answer


def test_changed_trigger_is_read_again(files: tuple[Path, Path], tmp_path: Path):
    path = tmp_path / "trigger.safetensors"
    classifier: Any = read_classifier(files[0], CLASSIFIERS)[0]
    answers = []
    for seed in (0, 1, 2):
        trigger = build(TRIGGERS, TRIGGERS["soft"].options(n_words=seed + 1), seed=seed, **classifier.input_spec)
        trigger.attach_to(classifier).save(path)
        answers.append(ask((files[0], path), "a cat")[0]["ig_trigger"].shape[2])
    assert answers == [1, 2, 3]


def test_errors_come_back_as_sentences(
    process: ExplainProcess, files: tuple[Path, Path], pictures: tuple[Path, Path], tmp_path: Path
):
    request = TextRequest("a cat", *files, LAMS)
    other = make(save_family("electra", tmp_path / "encoder"), n_classes=2)
    save_classifier(other, tmp_path / "other.safetensors")
    wrong: list[tuple[TextRequest, type[FairprogError], str]] = [
        (request._replace(lams=()), DataError, "No λ is given"),
        (request._replace(classifier=pictures[0]), DataError, "made for pictures"),
        (request._replace(trigger=pictures[1]), DataError, "made for pictures"),
        (request._replace(classifier=Path("nowhere.safetensors")), ArtifactError, "No classifier at"),
        (request._replace(trigger=Path("nowhere.safetensors")), ArtifactError, "No trigger at"),
        (request._replace(classifier=tmp_path / "other.safetensors"), ConfigError, "The trigger was made for"),
    ]
    for bad, kind, sentence in wrong:
        with pytest.raises(kind, match=sentence):
            process.explain_text(bad)
    assert process.explain_text(request)[1]["texts"] == [["a", "cat"]]


def test_pictures_are_not_explained_as_texts_are(process: ExplainProcess, pictures: tuple[Path, Path]):
    picture = np.zeros((32, 32, 3), dtype=np.uint8)
    with pytest.raises(DataError, match="choose one of grad_cam, integrated_gradients"):
        process.explain(Request(picture, *pictures, lam=1.0, method="token_gradients"))
