"""Runs whose result is damaged hurt no other run, and say in one sentence what is wrong with them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.wording import runs as runs_words
from app.wording.shared import common, inside
from fairprog_core.common.errors import ArtifactError
from fairprog_core.results.result import Result
from fairprog_core.runs import Owner

DEEP = '{"schema": "fairprog.study/1", "study": ' + "[" * 3_000 + "]" * 3_000 + "}"
VIEWS = ("tradeoff", "compare", "saliency", "probe")
DRAWN = {"tradeoff": "plane", "compare": "duel", "saliency": "lam-", "probe": "probability"}  # what a healthy run shows

Change = Callable[[dict[str, Any]], object]


def whole(**values: Any) -> Change:
    return lambda result: result.update(values)


def in_points(**values: Any) -> Change:
    return lambda result: [point.update(values) for point in result["points"]]


def in_curves(**values: Any) -> Change:
    return lambda result: [curve.update(values) for curve in result["curves"]]


def without(*path: str) -> Change:
    def change(result: dict[str, Any]) -> None:
        found: Any = result
        for name in path[:-1]:
            found = found[name][0] if isinstance(found[name], list) else found[name]
        del found[path[-1]]

    return change


DAMAGES: dict[str, Change] = {
    **{f"study-{value}": whole(study=value) for value in ([], None, 5)},
    **{f"curves-{value}": whole(curves=value) for value in (None, 5, [1], [None], "x")},
    **{f"points-{value}": whole(points=value) for value in (None, 5, [1], [[]])},
    **{f"base-{value}": whole(base=value) for value in (None, 5, [])},
    **{f"no-{name}": without(name) for name in ("schema", "study", "base", "points", "curves")},
    **{f"no-curve-{name}": without("curves", name) for name in ("key", "seed", "gap", "lams", "chosen_lam")},
    **{f"no-point-{name}": without("points", name) for name in ("method", "lam", "seed", "labels", "groups")},
    "labels": whole(labels=[]),
    "majority": whole(majority_accuracy="x"),
    "transfer": whole(transfer=[5]),
    "half-a-letter": whole(labels=["\ud800", "b"]),
    "accuracy": in_points(accuracy="x"),
    "interval": in_points(accuracy_ci=[1]),
    "counts": in_points(counts=[[1]]),
    "delta": in_points(delta=5),
    "group-rates": in_points(group_rates=[1]),
    "no-group-rates": in_points(group_rates=[]),
    "changes": in_points(changes="x"),
    "levelling": in_points(levelling=[1]),
    "artifacts": in_points(artifacts=[]),
    "collapsed": in_points(collapsed="perhaps"),
    "noise": in_points(noise_gap=3),
    "audit": in_points(audit={"bits": 1}),
    "rows": in_points(n=10**400),
    "gap": in_curves(gap="x"),
    "key": in_curves(key="../../x"),
    "chosen": in_curves(chosen_lam=17.0),
    "explain": in_curves(explain=[1]),
}
TEXTS = {"deep": DEEP, "empty": "", "no-json": "{", "list": "[]", "number": "5"}


def in_averages(**values: Any) -> Change:
    """Change every comparison in pairs of the averages."""

    def change(result: dict[str, Any]) -> None:
        for curve in result["curves"]:
            for pairs in curve["explain"]["paired"].values():
                for found in pairs.values():
                    found.update(values)

    return change


def probe_without_a_control(result: dict[str, Any]) -> None:
    for curve in result["curves"]:
        del curve["probe"]["classifiers"][-1]["probability"]["mean"]["black"]


def probe_with_short_pairs(result: dict[str, Any]) -> None:
    for curve in result["curves"]:
        curve["probe"]["paired"]["reading"]["black"].update(difference=[], share=[])


def averages_without_a_control(result: dict[str, Any]) -> None:
    for curve in result["curves"]:
        for name, means in curve["explain"].items():
            if name.endswith("_share"):
                del means["black"]


INSIDE: dict[str, tuple[str, Change]] = {  # that a page finds only when it looks into a curve
    "regions": ("saliency", in_curves(explain={"regions": 5})),
    "shares": ("saliency", in_curves(explain={"regions": ["a", "b"], "a_share": {"lam": [1]}})),
    "no-pairs": ("saliency", in_averages(difference=[], share=[])),
    "short-share": ("saliency", in_averages(share=[])),
    "text-pairs": ("saliency", in_averages(difference="x")),
    "average-without-a-control": ("saliency", averages_without_a_control),
    "probe-without-a-control": ("probe", probe_without_a_control),
    "probe-short-pairs": ("probe", probe_with_short_pairs),
    "twins": ("saliency", in_curves(explain={"twins": {"names": [1, 2]}})),
    "classifiers": ("probe", in_curves(probe={"groups": ["a"], "nulls": ["mean"], "classifiers": [1]})),
    "probabilities": ("probe", in_curves(probe={"groups": ["a"], "nulls": ["mean"], "classifiers": [{"name": "x"}]})),
}


def write(folder: Path, text: str) -> None:
    folder.mkdir(parents=True)
    (folder / "result.json").write_text(text, "utf-8")


@pytest.fixture
def values(finished) -> Callable[[Change], str]:
    """The real result with a change, as text."""
    text = (finished.folder / "result.json").read_text("utf-8")

    def changed(change: Change) -> str:
        result = json.loads(text)
        change(result)
        return json.dumps(result)

    return changed


@pytest.fixture
def damaged(home, values) -> list[str]:
    """Every kind of damage as a run of the test's home; their ids."""
    texts = TEXTS | {name: values(change) for name, change in DAMAGES.items()}
    for i, text in enumerate(texts.values()):
        write(home.run(f"damaged{i}"), text)
    return [f"damaged{i}" for i in range(len(texts))]


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_refused_in_one_sentence(name, values, tmp_path):
    write(tmp_path / "run", values(DAMAGES[name]))
    with pytest.raises(ArtifactError, match="run the study again") as found:
        Result.open(tmp_path / "run")
    assert len(str(found.value).removeprefix(str(tmp_path))) < 400


@pytest.mark.parametrize("view", VIEWS)
def test_damaged_runs_hurt_no_healthy_one(view, open_page, demo, damaged):
    page = open_page(view, run="demo")
    assert not page.exception
    assert all("The base classifier is" in error.value for error in page.error), "the tiny base learned too little"
    assert any(DRAWN[view] in node.proto.id for node in page.main if node.type == "bidi_component")
    offered = page.multiselect[0].options if view in ("tradeoff", "compare") else page.selectbox[0].options
    assert offered == ["Shipped demo: drawn faces"]


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("text", ["deep", "no-json"])
def test_page_of_a_damaged_run_says_so(view, text, open_page, home):
    write(home.run("broken"), TEXTS[text])
    page = open_page(view, run="broken")
    assert not page.exception
    (warning,) = page.warning
    assert warning.value.startswith(inside.DAMAGED.split("{")[0] + "broken")
    assert "run the study again" in warning.value


@pytest.mark.parametrize("name", INSIDE)
def test_damaged_summary_is_a_sentence_on_the_page_that_reads_it(name, open_page, home, values):
    view, change = INSIDE[name]
    write(home.run("inside"), values(change))
    page = open_page(view, run="inside")
    assert not page.exception
    assert ["is damaged" in error.value for error in page.error] == [True]


def test_runs_shows_which_are_damaged_and_cannot_compare_them(open_page, store, home, finished):
    ids = []
    for text in TEXTS.values():
        run = store.begin(finished.study, Owner.this_process())
        store.finish(run, "done")
        write(home.run(run.id), text)
        ids.append(run.id)
    page = open_page("runs")
    assert not page.exception
    assert len(page.warning) == len(ids)
    assert all(warning.value.startswith(runs_words.DAMAGED.split("{")[0]) for warning in page.warning)
    assert not page.checkbox


@pytest.mark.parametrize("name", ["study-[]", "curves-[1]", "counts", "gap"])
def test_damaged_demo_leaves_start_standing(name, open_page, values, tmp_path):
    write(tmp_path / "assets" / "demo" / "faces", values(DAMAGES[name]))
    page = open_page("start")
    assert not page.exception
    assert "cannot be read" in page.warning[0].value


def test_demo_without_counts_is_a_sentence_on_start(open_page, values, demo, finished, tmp_path):
    folder = tmp_path / "assets" / "demo" / "other"
    write(folder, values(in_points(counts=[])))
    (folder / "curves").symlink_to(finished.folder / "curves", target_is_directory=True)
    page = open_page("start")
    page.segmented_control(key="demo").set_value("demo-other").run()
    assert not page.exception
    assert "cannot be read" in page.warning[0].value


def test_trigger_that_is_a_link_out_of_its_folder_is_not_handed_out(open_page, home, finished, tmp_path, values):
    secret = tmp_path / "secret.txt"
    secret.write_text("not for everybody", "utf-8")
    folder = home.run("linked")
    write(folder, values(whole()))
    (curve,) = finished.result.curves
    trigger = folder / "curves" / curve.key / curve.artifact.name
    trigger.parent.mkdir(parents=True)
    trigger.symlink_to(secret)
    page = open_page("tradeoff", run="linked")
    assert not page.exception
    assert not [button for button in page.get("download_button") if "Trigger" in button.label]
    assert any(common.plain("outside of its folder") in info.value for info in page.info)
