"""A table of the user's own: labels, groups, splits and weights, by hand."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fairprog_core.common.errors import ConfigError, DataError
from fairprog_core.common.home import Home
from fairprog_core.common.registry import build
from fairprog_core.data import DATASETS, TableOptions, modality_of
from fairprog_core.data.options.table import SplitSizes
from fairprog_core.data.table.dataset import OwnTable
from fairprog_core.data.table.splits import DRAWN, PARTS, UNUSED, assign

Make = Callable[..., OwnTable]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Writes a CSV of rows and opens it as a data set."""

    def made(header: str, *rows: str, **options: Any) -> OwnTable:
        (file := tmp_path / "own.csv").write_text("\n".join((header, *rows)) + "\n", "utf-8")
        values = {"path": str(file), "text": "text", "label": "label", "group": "group", **options}
        dataset: OwnTable = build(DATASETS, TableOptions.parse(values), Home(tmp_path / "home"))
        return dataset

    return made


def in_all_splits(*rows: str) -> list[str]:
    """Each row once in every split; ``#`` in it becomes the split's name, so that inputs differ."""
    return [f"{row.replace('#', part)},{part}" for part in PARTS for row in rows]


FOUR = ("a #,yes,x", "b #,no,x", "c #,yes,y", "d #,no,y")


def test_rows_labels_and_groups_are_those_of_the_table(make: Make) -> None:
    dataset = make("text,label,group,split", *in_all_splits(*FOUR, "e #,no,y"), split="split")
    split = dataset.split("tune")
    assert (dataset.labels, dataset.groups.names) == (("no", "yes"), ("x", "y"))
    assert split.x.tolist() == ["a tune", "b tune", "c tune", "d tune", "e tune"]
    assert split.y.tolist() == [1, 0, 1, 0, 0]
    assert split.z.tolist() == [0, 0, 1, 1, 1]
    assert split.cell_share == pytest.approx(np.array([[0.2, 0.2], [0.4, 0.2]]))
    assert not split.is_stratified
    assert dataset.groups.is_exclusive


@pytest.mark.parametrize(
    ("options", "labels", "y"),
    [
        ({}, ("no", "yes"), [1, 0, 1, 0]),
        ({"labels": ["yes", "no"]}, ("yes", "no"), [0, 1, 0, 1]),
        ({"positive": "no"}, ("yes", "no"), [0, 1, 0, 1]),
        ({"labels": "no, yes", "positive": "yes"}, ("no", "yes"), [1, 0, 1, 0]),
        ({"labels": ["no", "yes"], "positive": "no"}, ("yes", "no"), [0, 1, 0, 1]),
    ],
)
def test_labels_have_the_order_that_is_asked_for(make: Make, options: Any, labels: Any, y: Any) -> None:
    dataset = make("text,label,group,split", *in_all_splits(*FOUR), split="split", **options)
    assert dataset.labels == labels
    assert dataset.split("val").y.tolist() == y


@pytest.mark.parametrize(
    ("yes", "no", "options", "labels"),
    [
        ("1", "0", {}, ("not label", "label")),
        ("1.0", "0.0", {}, ("not label", "label")),
        ("True", "false", {}, ("not label", "label")),
        ("1", "-1", {}, ("not label", "label")),
        ("1", "0", {"labels": ["fine", "rude"]}, ("fine", "rude")),
        ("1", "0", {"labels": ["fine", "rude"], "positive": "fine"}, ("rude", "fine")),
        ("1", "0", {"labels": [0, 1]}, ("0", "1")),
        ("0.5", "0.49", {"threshold": 0.5}, ("not label", "label")),
        ("7", "3", {"threshold": 5, "labels": ["low", "high"]}, ("low", "high")),
        ("10", "9", {}, ("9", "10")),
    ],
)
def test_truth_values_and_scores_become_two_labels(make: Make, yes: str, no: str, options: Any, labels: Any) -> None:
    rows = [row.replace("yes", yes).replace("no", no) for row in FOUR]
    dataset = make("text,label,group,split", *in_all_splits(*rows), split="split", **options)
    assert dataset.labels == labels
    flipped = labels == ("rude", "fine")
    assert dataset.split("test").y.tolist() == ([0, 1, 0, 1] if flipped else [1, 0, 1, 0])


def test_several_labels_are_sorted_as_numbers_or_words(make: Make) -> None:
    rows = [
        f"{i} #,{label},{group}" for i, (label, group) in enumerate(zip(["10", "2", "33", "2"], "xyxy", strict=True))
    ]
    assert make("text,label,group,split", *in_all_splits(*rows), split="split").labels == ("2", "10", "33")


def test_groups_may_overlap_and_a_row_may_be_in_none(make: Make) -> None:
    """Patterns in the order of their codes: none 0, christian 1, muslim 2, both 3."""
    rows = ("a #,yes,1,0.9", "b #,no,true,0.2", "c #,yes,no,0.5", "d #,no,0,")
    header = "text,label,christian,muslim,split"
    dataset = make(header, *in_all_splits(*rows), split="split", group="", groups=["christian", "muslim"])
    assert dataset.groups.names == ("christian", "muslim")
    assert dataset.groups.patterns.tolist() == [[False, False], [True, False], [False, True], [True, True]]
    assert dataset.split("tune").z.tolist() == [3, 1, 2, 0]


def test_group_threshold_says_who_is_in_a_group(make: Make) -> None:
    rows = ("a #,yes,3,5", "b #,no,4,1", "c #,yes,5,2", "d #,no,1,4")
    header = "text,label,p,q,split"
    dataset = make(header, *in_all_splits(*rows), split="split", group="", groups=["p", "q"], group_threshold=4)
    assert dataset.groups.patterns[dataset.split("val").z].tolist() == [
        [False, True], [True, False], [True, False], [False, True],
    ]  # fmt: skip


def test_row_with_an_empty_group_is_in_none(make: Make) -> None:
    dataset = make("text,label,group,split", *in_all_splits(*FOUR, "e #,no,"), split="split")
    assert dataset.groups.patterns.tolist() == [[True, False], [False, True], [False, False]]
    assert dataset.split("tune").z.tolist() == [0, 0, 1, 1, 2]
    assert dataset.groups.names == ("x", "y")


def test_weights_set_the_natural_mix_of_the_cells(make: Make) -> None:
    """x: yes 3, no 1; y: yes 2, no 2; the sum is 8. A row's weight is share · n / count = share · 4."""
    rows = ("a #,yes,x,3", "b #,no,x,1", "c #,yes,y,2", "d #,no,y,2")
    dataset = make("text,label,group,w,split", *in_all_splits(*rows), split="split", weight="w")
    split = dataset.split("test")
    assert split.cell_share == pytest.approx(np.array([[1 / 8, 3 / 8], [2 / 8, 2 / 8]]))
    assert split.weight == pytest.approx([1.5, 0.5, 1.0, 1.0])
    assert np.bincount(split.natural_rows(at_least=800)).tolist() == [300, 100, 200, 200]


def test_weights_that_are_all_zero_are_refused(make: Make) -> None:
    rows = in_all_splits("a #,yes,x,0", "b #,no,x,0", "c #,yes,y,0", "d #,no,y,0")
    with pytest.raises(DataError, match="every weight of the split test is 0"):
        make("text,label,group,w,split", *rows, split="split", weight="w").split("test")


@pytest.mark.parametrize(
    "names",
    [
        ("Training", "tuning", "DEV", "testing"),
        ("train", "tune", "valid", "test"),
        ("train", "tune", "validation", "te"),
    ],
)
def test_usual_spellings_of_splits_are_known(make: Make, names: tuple[str, ...]) -> None:
    rows = [row.rpartition(",")[0] + f",{names[PARTS.index(row.rpartition(',')[2])]}" for row in in_all_splits(*FOUR)]
    dataset = make("text,label,group,split", *rows, split="split")
    assert [dataset.split(name).x[0] for name in PARTS] == ["a train", "a tune", "a val", "a test"]


def test_missing_splits_are_taken_off_the_training_rows_and_said(make: Make) -> None:
    """Of 96 rows: tune gets .2 / (.5 + .2 + .1) = 1/4, val .1 / .8 = 1/8, as the default sizes say."""
    rows = [f"{i},{'yes' if i % 2 else 'no'},{'xy'[i // 2 % 2]},train" for i in range(96)]
    rows += [f"t{i},{'yes' if i % 2 else 'no'},{'xy'[i // 2 % 2]},test" for i in range(8)]
    dataset = make("text,label,group,split", *rows, split="split")
    assert [len(dataset.split(name).y) for name in PARTS] == [60, 24, 12, 8]
    assert dataset.assignment.notes == (
        "The table has no tune split: 24 rows are taken off train.",
        "The table has no val split: 12 rows are taken off train.",
    )
    assert dataset.split("tune").cell_counts == pytest.approx(np.full((2, 2), 6), abs=1)


def test_data_without_a_train_split_have_the_others(make: Make) -> None:
    rows = [row for row in in_all_splits(*FOUR) if not row.endswith("train")]
    dataset = make("text,label,group,split", *rows, split="split")
    assert [dataset.has_split(name) for name in PARTS] == [False, True, True, True]
    assert len(dataset.split("tune").y) == 4
    with pytest.raises(DataError, match="has no rows of the split train"):
        dataset.split("train")


def test_drawn_splits_have_the_sizes_and_the_mix_that_are_asked_for(make: Make) -> None:
    rows = [f"{i},{'yes' if i % 4 else 'no'},{'xy'[i // 4 % 2]}" for i in range(400)]
    for sizes, expected in (({}, [200, 80, 40, 80]), ({"train": 100, "tune": 60, "val": 20, "test": 40},) * 2):
        dataset = make("text,label,group", *rows, split_sizes=sizes)
        expected = list(expected.values()) if isinstance(expected, dict) else expected
        assert [len(dataset.split(name).y) for name in PARTS] == expected
        for name in PARTS:  # natural: .125, .375, .125, .375
            split = dataset.split(name)
            assert split.cell_counts == pytest.approx(np.array([[0.125, 0.375]] * 2) * len(split.y), abs=1.5)
    texts = [set(dataset.split(name).x) for name in PARTS]
    assert len(set.union(*texts)) == sum(map(len, texts)) == 220


def test_draw_depends_on_the_seed_alone(make: Make) -> None:
    rows = [f"{i},{'yes' if i % 2 else 'no'},{'xy'[i // 2 % 2]}" for i in range(80)]
    first, again, other = (make("text,label,group", *rows, seed=seed) for seed in (1, 1, 2))
    assert first.split("tune").x.tolist() == again.split("tune").x.tolist() != other.split("tune").x.tolist()
    assert first.split_digest("tune") == again.split_digest("tune") != other.split_digest("tune")


def test_rows_with_the_same_input_stay_in_one_split_and_are_counted(make: Make) -> None:
    rows = [f"{i // 2},{'yes' if i % 4 > 1 else 'no'},{'xy'[i // 4 % 2]}" for i in range(160)]
    dataset = make("text,label,group", *rows)
    texts = [set(dataset.split(name).x) for name in PARTS]
    assert len(set.union(*texts)) == sum(map(len, texts)) == 80
    assert dataset.assignment.n_repeated == 160


def test_row_of_an_earlier_split_with_the_input_of_a_later_one_is_left_out(make: Make) -> None:
    rows = [*in_all_splits(*FOUR), "a test,yes,x,train", "a test,yes,x,val"]
    dataset = make("text,label,group,split", *rows, split="split")
    assert [len(dataset.split(name).y) for name in PARTS] == [4, 4, 4, 4]
    assert dataset.assignment.n_moved == 2
    assert "2 rows are left out" in dataset.assignment.notes[0]


def test_assignment_leaves_out_what_is_unused() -> None:
    part = np.array([DRAWN, UNUSED, DRAWN, DRAWN, DRAWN], np.int8)
    sizes = SplitSizes(train=1, tune=1, val=1, test=1)
    found = assign(part, np.zeros(5, np.int64), np.arange(5, dtype=np.uint64), sizes=sizes, seed=0)
    assert found.part[1] == UNUSED
    assert sorted(found.part[[0, 2, 3, 4]].tolist()) == [0, 1, 2, 3]


def test_broken_rows_are_left_out_and_listed_up_to_a_share(make: Make) -> None:
    rows = [f"{i},{'yes' if i % 2 else 'no'},{'xy'[i // 2 % 2]}" for i in range(98)]
    rows[10:10] = [",yes,x"]
    rows[50:50] = ["t,,x"]
    dataset = make("text,label,group", *rows, max_broken=0.02)
    assert (dataset.about.n_rows, dataset.about.n_broken) == (100, 2)
    assert [tuple(each) for each in dataset.about.broken] == [(12, "text is empty"), (52, "label is empty")]
    assert sum(len(dataset.split(name).y) for name in PARTS) == 98
    with pytest.raises(DataError, match=r"2 of 100 rows cannot be used, .*row 12: text is empty"):
        make("text,label,group", *rows, max_broken=0.01).split("tune")


def test_key_of_a_split_depends_on_its_content_and_not_on_its_place(make: Make, tmp_path: Path) -> None:
    rows = in_all_splits(*FOUR)
    dataset = make("text,label,group,split", *rows, split="split")
    before = dataset.split_digest("tune")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "own.csv").rename(moved := tmp_path / "elsewhere" / "other.csv")
    options = dataset.options.model_copy(update={"path": str(moved)})
    assert OwnTable(options, dataset.home).split_digest("tune") == before
    changed = make("text,label,group,split", *rows[:5], rows[5].replace(",no,", ",yes,"), *rows[6:], split="split")
    assert changed.split_digest("tune") != before
    assert changed.split_digest("val") == dataset.split_digest("val")


def test_same_table_is_read_once(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = make("text,label,group,split", *in_all_splits(*FOUR), split="split")
    first = dataset.split("tune")
    monkeypatch.setattr("fairprog_core.data.table.listing.Listing.fill", lambda *_: pytest.fail("read again"))
    again = OwnTable(dataset.options, dataset.home).split("tune")
    assert again.x.tolist() == first.x.tolist()


def test_reading_tells_its_progress_once(make: Make) -> None:
    dataset = make("text,label,group,split", *in_all_splits(*FOUR), split="split")
    assert list(dataset.read()) == [(16, 16)]
    assert list(OwnTable(dataset.options, dataset.home).read()) == []


def test_check_refuses_a_split_that_lacks_something_before_anything_is_prepared(make: Make) -> None:
    rows = [row for row in in_all_splits(*FOUR) if row not in ("a val,yes,x,val", "c val,yes,y,val")]
    dataset = make("text,label,group,split", *rows, split="split")
    dataset.check(("train", "tune", "test"))
    with pytest.raises(DataError, match=r"The split val \(2 rows\) has no row with the label yes"):
        dataset.check(PARTS)


def test_table_that_is_changed_is_read_again(make: Make) -> None:
    dataset = make("text,label,group,split", *in_all_splits(*FOUR), split="split")
    dataset.split("tune")
    rows = [row.replace("a tune", "z tune") for row in in_all_splits(*FOUR)]
    assert make("text,label,group,split", *rows, split="split").split("tune").x[0] == "z tune"


def test_examples_are_the_first_rows(make: Make) -> None:
    dataset = make("text,label,group,split", *in_all_splits(*FOUR, "e #,no,"), split="split")
    assert [tuple(each) for each in dataset.examples(5)[::4]] == [("a train", "yes", ("x",)), ("e train", "no", ())]
    assert OwnTable(TableOptions(), dataset.home).examples(3) == []


def test_modality_is_that_of_the_columns() -> None:
    texts, pictures = TableOptions(text="a"), TableOptions(image="a")
    assert (texts.modality, pictures.modality) == ("text", "image")
    assert [modality_of(each) for each in (texts, pictures)] == ["text", "image"]
    assert [modality_of(each.to_json()) for each in (texts, pictures)] == ["text", "image"]
    assert (modality_of("table"), modality_of("comments"), modality_of("gone"), modality_of(None)) == (
        "text", "text", "image", "image",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"text": "a", "image": "b"}, r"text \(a\) and image \(b\) are both given"),
        ({"group": "a", "groups": ["b", "c"]}, "group and groups are both given"),
        ({"groups": ["b"]}, "groups names one column"),
        ({"text": "a", "label": "a"}, "columns: a is named twice"),
        ({"labels": ["a", "a"]}, "labels: a is named twice"),
        ({"labels": ["a"]}, "labels names one value"),
        ({"labels": ["a", "b"], "positive": "c"}, r"positive \(c\) is not among labels"),
        ({"split_sizes": {"train": 0.9, "tune": 0.2}}, "the shares sum to"),
        ({"split_sizes": {"train": 100, "tune": 0.2}}, "beside a number of rows"),
    ],
)
def test_options_that_contradict_each_other_are_refused(values: Any, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        TableOptions.parse(values)


def test_first_field_that_is_needed_is_named() -> None:
    values: dict[str, Any] = {}
    for name, value in {"path": "a", "text": "b", "label": "c", "group": "d"}.items():
        assert TableOptions.parse(values).missing_field() == name
        values[name] = value
    assert TableOptions.parse(values).missing_field() is None
    assert json.loads(TableOptions.parse(values).model_dump_json())["split_sizes"]["tune"] == 0.2
