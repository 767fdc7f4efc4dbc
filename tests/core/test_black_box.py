"""Black boxes: what is sent, what is made of the answers, what is refused, and that nothing is sent twice."""

import json
import socket
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from fairprog_core.classifiers import CLASSIFIERS, BlackBoxOptions
from fairprog_core.classifiers.base import read_classifier, save_classifier
from fairprog_core.classifiers.black_box.classifier import BlackBox
from fairprog_core.common.errors import ConfigError, ModelError
from fairprog_core.common.home import Home
from fairprog_core.common.registry import build
from fairprog_core.common.sharing import Sharing
from fairprog_core.common.types import Groups
from fairprog_core.data.base import Split
from fairprog_core.methods import QueryReprogramOptions
from fairprog_core.methods.reprogramming.by_queries.query_reprogram import QueryReprogram
from fairprog_core.methods.reprogramming.by_queries.query_search import QuerySearch, SearchSize
from fairprog_core.pipeline.execute import execute
from fairprog_core.results.result import Result
from fairprog_core.study import Study
from fairprog_core.study.cost import expected_queries
from fairprog_core.training.criteria import EqualizedOddsOptions
from fairprog_core.triggers import TRIGGERS, HardOptions
from fairprog_core.triggers.base import Trigger
from tests.contracts.samples import rows
from tests.small_box import BoxServer, serving

LABELS = ("no", "yes")


def light(found: list[Any]) -> dict[str, Any]:
    """Answers pictures: the lighter, the likelier "yes", which stands first."""
    probability = [float(row.mean()) / 255 for row in found]
    return {"probabilities": [[p, 1 - p] for p in probability], "labels": ["Yes", "no"]}


def length(found: list[Any]) -> dict[str, Any]:
    """Answers texts: the longer, the likelier the second label."""
    return {"probabilities": [[1 / (1 + len(text)), len(text) / (1 + len(text))] for text in found]}


def open_box(server: BoxServer | str, split: Split, **options: Any) -> Any:
    address = server if isinstance(server, str) else server.url
    return BlackBox.new_for(BlackBoxOptions(address=address, **options), labels=LABELS, split=split).eval()


def test_pictures_arrive_as_they_are_and_answers_are_matched_by_their_labels() -> None:
    split = rows("image")
    with serving(light) as server:
        box = open_box(server, split)
        server.rows.clear()
        logits = box(box.to_input(split.x[:5]))
    assert np.array_equal(np.stack(server.rows), split.x[:5])
    yes = torch.tensor([float(x.mean()) / 255 for x in split.x[:5]])
    torch.testing.assert_close(logits.softmax(1)[:, 1], yes, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize(("position", "expected"), [("start", "good day No,  way!"), ("end", "No,  way! good day")])
def test_text_arrives_letter_by_letter_with_the_words_of_the_trigger(position: str, expected: str) -> None:
    text = "No,  way!"
    split = Split(np.array([text, "[SEP] x"], dtype=object), np.zeros(2, int), np.zeros(2, int), np.eye(2) / 2, False)
    with serving(length) as server:
        box = open_box(server, split)
        trigger: Trigger = build(TRIGGERS, HardOptions(n_words=2, position=position), **box.input_spec)  # type: ignore[arg-type]
        words = trigger.attach_to(box).with_words([box.words["good"], box.words["day"]])  # type: ignore[attr-defined]
        server.rows.clear()
        box(words(box.to_input(split.x), 0.0))
        box(box.to_input(split.x))
    assert server.rows == [expected, expected.replace(text, "[SEP] x"), text, "[SEP] x"]


def test_row_is_sent_once_and_every_try_is_counted(tmp_path: Path) -> None:
    split = rows("image", 8)
    with serving(light) as server:
        box = open_box(server, split, batch_size=3)
        box.keep_in(tmp_path)
        server.rows.clear()
        server.statuses = [429, 503]
        box.send_for("learning", curve="c")
        x = box.to_input(np.concatenate([split.x[:4], split.x[:2]]))
        first = box(x)
        assert len(server.rows) == 3 * 3 + 1  # three tries of the first request, and the fourth row
        assert box.n_sent() == {"c": {"learning": 10}}
        save_classifier(box, tmp_path / "box.safetensors")
        again, _ = read_classifier(tmp_path / "box.safetensors", CLASSIFIERS)
        again.keep_in(tmp_path)
        assert torch.equal(again(x), first)
        assert len(server.rows) == 10
        (tmp_path / "answers.sqlite").write_bytes(b"no database" * 100)
        again.keep_in(tmp_path)
        assert torch.equal(again(x), first)
        assert again.n_sent() == {"": {"other": 4}}
    assert (tmp_path / "answers.sqlite.damaged").exists()


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ({"probabilities": [[0.5, 0.5]]}, r"the shape \(1, 2\) to 2 rows"),
        ({"probabilities": [[0.5, 0.5], [0.5]]}, "rows that are no numbers, or of different lengths"),
        ({"probabilities": [[0.5, float("nan")], [0.5, 0.5]]}, "not a finite number"),
        ({"probabilities": [[0.9, 0.9], [0.5, 0.5]]}, "sums to 1.8"),
        ({"probabilities": [[1.5, -0.5], [0.5, 0.5]]}, "probabilities lie in 0 … 1"),
        ({"scores": [1]}, "must answer with JSON"),
        (b"<html>", "must answer with JSON"),
        ({"probabilities": [[0.2, 0.3, 0.5]] * 2}, "3 outputs"),
        ({"probabilities": [[0.5, 0.5]] * 2, "labels": ["cat", "dog"]}, "classifier.labels"),
        ({"probabilities": [[0.5, 0.5]] * 2, "labels": ["no"]}, "names 1 labels and gives 2"),
    ],
)
def test_bad_answer_is_one_sentence(answer: Any, sentence: str) -> None:
    with serving(lambda _: answer) as server, pytest.raises(ModelError, match=sentence) as caught:
        open_box(server, rows("image"))
    assert len(str(caught.value)) <= 300


def test_address_that_does_not_answer_is_one_sentence() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{free.getsockname()[1]}/"
    with pytest.raises(ModelError, match=r"gives no answer \(the connection is refused\)"):
        open_box(closed, rows("image"), retries=0)
    with serving(light) as server:
        server.statuses = [401]
        with pytest.raises(ModelError, match="answers with status 401 after 1 try"):
            open_box(server, rows("image"))
        server.stuck.set()
        with pytest.raises(ModelError, match=r"gives no answer \(it is too slow\)"):
            open_box(server, rows("image"), retries=0, timeout=0.1)


def test_token_is_sent_and_stored_nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BOX_TOKEN", "geheim")
    with serving(light) as server:
        box = open_box(server, rows("image"), token="BOX_TOKEN")
        assert server.headers[-1]["Authorization"] == "Bearer geheim"
        save_classifier(box, tmp_path / "box.safetensors")
        assert b"geheim" not in (tmp_path / "box.safetensors").read_bytes()
        monkeypatch.delenv("BOX_TOKEN")
        with pytest.raises(ModelError, match="BOX_TOKEN"):
            open_box(server, rows("image"), token="BOX_TOKEN")


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"address": "ftp://a/"}, "http://"),
        ({"address": "http://me:secret@a/"}, "password"),
        ({"address": "http://a/", "function": "a:b"}, "both set"),
        ({"function": "a.b"}, "package.module:function"),
        ({"token": "a b"}, "environment variable"),
    ],
)
def test_options_that_are_not_allowed_are_refused(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        BlackBoxOptions.parse(values)


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        ("no.such:thing", "cannot be imported"),
        ("math:pi", "is no function but a float"),
        ("math:sqrt", "fails on 2 rows"),
        ("json:dumps", "fails on 2 rows"),
    ],
)
def test_function_that_does_not_fit_is_one_sentence(function: str, sentence: str) -> None:
    with pytest.raises(ModelError, match=sentence):
        BlackBox.new_for(BlackBoxOptions(function=function), labels=LABELS, split=rows("image"))


def test_single_probability_is_of_the_second_label() -> None:
    with serving(lambda found: {"probabilities": [0.8 for _ in found]}) as server:
        box = open_box(server, rows("image"))
        assert box(box.to_input(rows("image").x[:2])).softmax(1)[:, 1].tolist() == pytest.approx([0.8, 0.8], abs=1e-5)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"methods": ["reprogram"]}, "reprogram needs gradients.*query_reprogram"),
        ({"methods": ["leace"]}, "leace needs gradients, features"),
        ({"methods": ["adv_post"]}, "adv_post needs gradients"),
        ({"triggers": ["learned_mask"]}, "cannot be learned by queries alone.*border"),
        ({"triggers": [{"kind": "border", "pixels": "tanh"}]}, "as set here cannot be learned by queries"),
        ({"explain": {"rows": 10}}, "Grad-CAM"),
        ({"dataset": {"kind": "comments"}, "triggers": ["soft"]}, "soft as set here"),
    ],
)
def test_study_refuses_what_needs_more_than_answers(values: dict[str, Any], sentence: str) -> None:
    kinds = {name: [each if isinstance(each, dict) else {"kind": each} for each in values[name]]
             for name in ("methods", "triggers") if name in values}  # fmt: skip
    with pytest.raises(ConfigError, match=sentence) as caught:
        Study.parse({"classifier": {"kind": "black_box", "function": "a:b"}, **values, **kinds})
    assert len(str(caught.value)) <= 300


@pytest.mark.parametrize(("dataset", "trigger"), [("faces", "border"), ("comments", "hard")])
def test_study_of_a_black_box_has_defaults_that_work(dataset: str, trigger: str) -> None:
    study = Study.parse({"dataset": {"kind": dataset}, "classifier": {"kind": "black_box"}})
    assert [plan.key for plan in study.plan()] == [f"query_reprogram-{trigger}-equalized_odds-s0"]
    assert not study.explain.is_any


def test_shared_server_closes_address_function_and_token_one_by_one() -> None:
    options = {"address": "http://a/", "function": "a:b", "token": "T"}
    closed, hub, addresses = (Sharing(True, frozenset(each)) for each in ((), ("hub",), ("addresses",)))
    assert not closed.offers(BlackBoxOptions)
    assert not hub.offers(BlackBoxOptions)
    assert addresses.offers(BlackBoxOptions)
    addresses.check(BlackBoxOptions(address="http://a/"))
    for name in ("function", "token"):
        with pytest.raises(ConfigError, match="does not allow"):
            addresses.check(BlackBoxOptions(**{name: options[name]}))  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="names an address"):
        closed.check(BlackBoxOptions(address="http://a/"))


class Linear(torch.nn.Module):
    """A classifier whose second logit is a weighted sum of the pixels."""

    n_classes, input_spec = 2, {"image_size": 16}

    def __init__(self) -> None:
        super().__init__()
        weight = torch.randn(3, 16, 16, generator=torch.Generator().manual_seed(0)) / 10
        self.weight = torch.nn.Parameter(weight, requires_grad=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        second = (x * self.weight).sum((1, 2, 3))
        return torch.stack([torch.zeros_like(second), second], 1)

    def to_input(self, x: np.ndarray[Any, Any], *, rng: object = None) -> torch.Tensor:
        return torch.from_numpy(x).permute(0, 3, 1, 2).float() / 255


def test_estimated_gradient_is_that_of_the_pattern() -> None:
    """Σ over pixels of a tile's place of the true gradient, for a frame; estimated from 4,000 rows."""
    n, model = 4000, Linear()
    trigger: Trigger = build(TRIGGERS, TRIGGERS["frame"].options(width=0.2), **model.input_spec)
    split = Split(
        np.zeros((8, 16, 16, 3), np.uint8), np.arange(8) % 2, np.arange(8) // 2 % 2, np.full((2, 2), 0.25), True
    )
    learner = QueryReprogram(
        QueryReprogramOptions(spread=0.05), classifier=model, trigger=trigger, criterion=EqualizedOddsOptions(),  # type: ignore[arg-type]
        groups=Groups.exclusive("a", "b"), split=split, steps=1, seed=0, device=torch.device("cpu"),
    )  # fmt: skip
    x, lam = torch.zeros(n, 3, 16, 16), torch.tensor([0.0])
    estimated, true = (
        torch.autograd.grad(logits.log_softmax(-1)[:, 1].mean(), trigger.shared)[0]
        for logits in (learner.logits(x, lam), model(trigger(x, 0.0)))
    )
    place = trigger.repeated(torch.arange(48.0).view(1, 3, 4, 4))[0].long().flatten()  # type: ignore[operator]
    tied = torch.zeros(48).index_add(0, place, true.flatten())[place].view_as(true)
    assert torch.corrcoef(torch.stack([estimated.flatten(), tied.flatten()]))[0, 1] > 0.95
    assert (estimated.norm() / tied.norm()).item() == pytest.approx(1, abs=0.2)


@pytest.mark.parametrize("queries", [100, 500, 2_000, 10_000, 50_000, 10**6])
def test_search_sends_no_more_rows_than_there_are_queries(queries: int) -> None:
    options = HardOptions()
    size = SearchSize.of(queries, options, 4000)
    looks = size.n_steps * options.candidates * size.first
    assert size.population + size.first + size.second + looks <= queries
    assert (size.n_steps > 0) == (queries > 100)


def test_search_finds_words_that_help_from_answers_alone() -> None:
    """The box says yes, in one group only, unless a text begins with "good": the search has to find that word."""
    options, split = QueryReprogramOptions(queries=1000), rows("text")
    split = Split(np.array([f"{'us' if z else 'them'} {text}" for text, z in zip(split.x, split.z)], dtype=object),
                  split.y, split.z, split.cell_share, False)  # fmt: skip

    def answer(found: list[Any]) -> dict[str, Any]:
        gap = [0.0 if "good" in text.split()[:2] else 0.4 for text in found]
        yes = [0.5 + each if " us " in f" {text} " else 0.5 - each for each, text in zip(gap, found)]
        return {"probabilities": [[1 - each, each] for each in yes]}

    with serving(answer) as server:
        box = open_box(server, split)
        words = ("good", "bad", "new", "old", "long", "short", "red", "blue", "big", "small")
        trigger: Any = build(TRIGGERS, HardOptions(n_words=2, allowed=words, pool=4), **box.input_spec)
        trigger.attach_to(box)
        trigger.init_from_words([box.words["red"], box.words["blue"]])
        server.rows.clear()
        search = QuerySearch(
            options, classifier=box, trigger=trigger, criterion=EqualizedOddsOptions(), split=split, seed=0,
            groups=Groups.exclusive("a", "b"), lam=1.0, device=torch.device("cpu"),
        )  # fmt: skip
        for step in range(search.size.n_steps):
            losses = search.step(step)
    assert "good" in trigger.spelled()[0]
    assert len(server.rows) <= losses["queries"] == search.n_queries <= 1000


TINY_BOX: dict[str, Any] = {
    "dataset": {"kind": "faces", "image_size": 32, "n_tune": 64, "n_val": 48, "n_test": 48},
    "methods": [{"kind": "query_reprogram", "queries": 300}, {"kind": "output_shift"}, {"kind": "random_trigger"}],
    "lam": {"low": 0.3, "high": 8.0, "grid": [0.0, 4.0]},
    "device": "cpu",
}


def test_study_that_is_interrupted_sends_no_row_twice(home: Home) -> None:
    folder = home.run("box")
    with serving(light) as server:
        box = {"kind": "black_box", "address": server.url, "labels": ["blond", "not blond"]}
        study = Study.parse({**TINY_BOX, "classifier": box})
        records = execute(study, home=home, folder=folder)
        said = [next(record for record in records if record["kind"] == "train")]
        records.close()
        said += list(execute(study, home=home, folder=folder))
    trial = 2  # rows, sent to match the labels
    distinct = {row.tobytes() for row in server.rows}
    result = Result.open(folder)
    learned, shifted = result.curves
    assert len(server.rows) - trial <= len(distinct) + trial
    assert sum(result.queries.values()) == len(server.rows) - trial
    assert learned.queries["learning"] == 256  # four steps of 2 · 4 · 4 · 2 rows
    assert shifted.queries == {"learning": 64}  # the tuning rows as they are
    assert result.queries["test"] == 48 + learned.queries["test"]
    queries = [record["queries"] for record in said if record["kind"] == "train"]
    assert queries == [64, 128, 192, 256]
    assert expected_queries(study) == pytest.approx(len(server.rows), rel=0.2)
    assert any("256 queries" in record["label"] for record in said if record["kind"] == "stage")
    assert json.loads((folder / "result.json").read_text("utf-8"))["curves"][0]["queries"] == learned.queries
