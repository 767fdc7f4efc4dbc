"""How the outputs of a model that was trained elsewhere become logits of the data's labels."""

import pytest
import torch
from torch import nn

from fairprog_core.classifiers.outputs import LabelOutputs
from fairprog_core.common.errors import ModelError

LOGITS = torch.tensor([[1.0, 2.0, 3.0], [-1.0, 0.5, 4.0]])
NO_YES = ("no", "yes")


@pytest.mark.parametrize(
    ("names", "labels", "options", "expected"),
    [
        (("a", "b", "c"), ("a", "b", "c"), {}, [[1, 2, 3], [-1, 0.5, 4]]),
        (("Not_Blond", "BLOND", "x"), ("blond", "x", "not blond"), {}, [[2, 3, 1], [0.5, 4, -1]]),
        (("LABEL_0", "LABEL_1", "LABEL_2"), ("c", "b", "a"), {}, [[1, 2, 3], [-1, 0.5, 4]]),
        (("2", "1", "0"), ("0", "1", "2"), {}, [[3, 2, 1], [4, 0.5, -1]]),
        (("p", "q", "r"), ("a", "b", "c"), {"given": ("b", "c", "a")}, [[3, 1, 2], [4, -1, 0.5]]),
        (("toxic", "insult", "threat"), NO_YES, {"label": "threat", "is_multi_label": True}, [[0, 3], [0, 4]]),
        (("toxic", "no", "threat"), NO_YES, {"label": "no", "is_multi_label": True}, [[2, 0], [0.5, 0]]),
        (("toxic", "insult", "threat"), NO_YES, {"label": "insult", "threshold": 1.5}, [[0, 0.5], [0, -1.0]]),
    ],
)  # fmt: skip
def test_outputs_become_the_logits_of_the_labels(names, labels, options, expected):
    outputs = LabelOutputs.match(names, labels, where="The model", **options)
    assert torch.equal(outputs.select(LOGITS), torch.tensor(expected, dtype=torch.float32))
    assert LabelOutputs.model_validate_json(outputs.model_dump_json()) == outputs


def test_a_single_output_is_the_logit_of_the_second_label_or_of_that_it_names():
    one = LOGITS[:, :1]
    assert LabelOutputs.match(["LABEL_0"], NO_YES, where="It").select(one).tolist() == [[0, 1], [0, -1]]
    assert LabelOutputs.match(["No"], NO_YES, where="It").select(one).tolist() == [[1, 0], [-1, 0]]
    assert LabelOutputs.match(["score"], NO_YES, given=["no"], where="It").select(one).tolist() == [[1, 0], [-1, 0]]


@pytest.mark.parametrize("has_bias", [True, False])
@pytest.mark.parametrize(
    "outputs",
    [
        LabelOutputs(index=(2, 0, 1)), LabelOutputs(index=(-1, 1), threshold=0.25), LabelOutputs(index=(2, -1)),
        LabelOutputs(index=(0, 1, 2)), LabelOutputs(index=(0, 1)),
    ],
)  # fmt: skip
def test_the_head_computes_what_is_selected_from_the_models_own(outputs, has_bias):
    torch.manual_seed(0)
    linear, features = nn.Linear(5, 3, bias=has_bias), torch.randn(4, 5)
    expected = outputs.select(linear(features))
    torch.testing.assert_close(outputs.of_head(linear)(features), expected)


@pytest.mark.parametrize(
    ("names", "labels", "options", "says"),
    [
        (("pos", "neg"), NO_YES, {}, "classifier.labels"),
        (("yes", "yes"), NO_YES, {}, "classifier.labels"),
        (("a", "b"), NO_YES, {"given": ("no", "maybe")}, "no, maybe"),
        (("a", "b"), NO_YES, {"given": ("no",)}, "names 1"),
        (("a", "b", "c"), NO_YES, {}, "3 outputs (a, b, c) and the data 2 labels (no, yes)"),
        (("a", "b", "c"), NO_YES, {"is_multi_label": True}, "classifier.label"),
        (("a", "b", "c"), NO_YES, {"label": "d"}, "no output 'd'; it has a, b, c"),
        (("a", "b"), NO_YES, {"threshold": 0.5}, "classifier.threshold"),
        (("a",), ("x", "y", "z"), {}, "tells two labels apart"),
        (("a",), NO_YES, {"given": ("maybe",)}, "maybe"),
    ],
)  # fmt: skip
def test_what_does_not_match_is_asked_for_in_one_sentence(names, labels, options, says):
    with pytest.raises(ModelError) as error:
        LabelOutputs.match(names, labels, where="The model in x", **options)
    assert says in str(error.value)
    assert str(error.value).startswith("The model in x")
