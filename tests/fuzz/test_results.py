"""``result.json`` and ``curve.json``, damaged: what the pages and the commands read of a study."""

import json
import random
import shutil
from pathlib import Path
from typing import Any

from fairprog_core.common.home import assets
from fairprog_core.deploy.stress.table import stress_csv
from fairprog_core.metrics.intervals import Estimate
from fairprog_core.pipeline.stress import stress_result as stressed
from fairprog_core.pipeline.stress.survival import stress_sentence
from fairprog_core.results.changed_examples import FILE, read_examples
from fairprog_core.results.curve import FinishedCurve
from fairprog_core.results.experiments import class_rows, experiment_csv, transfer_rows, tuning_rows
from fairprog_core.results.head_to_head import candidates
from fairprog_core.results.result import Result
from fairprog_core.results.summary import main_figures
from tests.fuzz.harness import Fuzz
from tests.fuzz.mutations import json_text, mutate_bytes, mutate_json

DEMO = assets() / "demo" / "faces" / "result.json"


def one_curve() -> dict[str, Any]:
    """The shipped result with one curve and what belongs to it: small enough that damage meets every key."""
    values: dict[str, Any] = json.loads(DEMO.read_text("utf-8"))
    curve = values["curves"][0]
    curve["lams"] = [min(curve["lams"]), curve["chosen_lam"]]
    values["curves"] = [curve]
    values["points"] = [
        point
        for point in values["points"]
        if point["trigger"] == curve["trigger"]
        and (point["method"] != curve["method"] or point["lam"] in curve["lams"])
    ]
    return values


def damaged(values: dict[str, Any], rng: random.Random) -> bytes:
    """Another place in a point or a curve, anywhere, or in the bytes."""
    match rng.randrange(4):
        case 0:
            part = rng.choice(("points", "curves"))
            at = rng.randrange(len(values[part]))
            rows = [*values[part][:at], mutate_json(values[part][at], rng), *values[part][at + 1 :]]
            return json_text({**values, part: rows}).encode()
        case 1:
            return mutate_bytes(json_text(values).encode(), rng)
        case _:
            return json_text(mutate_json(values, rng)).encode()


def test_result_file(fuzz: Fuzz, tmp_path: Path) -> None:
    values = one_curve()
    folder = tmp_path / "a-run"
    shutil.copytree(DEMO.parent, folder)

    def use(data: bytes) -> None:
        (folder / "result.json").write_bytes(data)
        result = Result.open(folder)
        json.dumps(result.to_json(), allow_nan=False)
        main_figures(result)
        experiment_csv([*tuning_rows(result), *transfer_rows([result]), *class_rows([result])])
        candidates({"one": result})
        result.chosen_means()
        for point in result.chosen():
            result.group_table(point)
            result.changes(point)
            result.levelling(point, "paper_dp")
        for curve in result.curves:
            result.controls_of(curve)
            result.gallery(curve)

    fuzz("result.json", lambda rng: damaged(values, rng), use, default=120, name_in_errors="a-run")


def test_curve_file(fuzz: Fuzz, tmp_path: Path) -> None:
    found = one_curve()
    values = {"curve": found["curves"][0], "points": found["points"]}
    path = tmp_path / "curve.json"

    def use(data: bytes) -> None:
        path.write_bytes(data)
        FinishedCurve.read(path, folder=tmp_path)

    def mutate(rng: random.Random) -> bytes:
        if rng.random() < 0.2:
            return mutate_bytes(json.dumps(values).encode(), rng)
        return json_text(mutate_json(values, rng)).encode()

    fuzz("curve.json", mutate, use, default=250, name_in_errors="curve.json")


def test_examples_file(fuzz: Fuzz, tmp_path: Path) -> None:
    """What is read can be shown: every row has as many answers as there are λ, and a text or a picture."""
    result = Result.open(assets() / "demo" / "comments")
    values = json.loads((result.folder / FILE).read_text("utf-8"))
    values["rows"], values["sentences"] = values["rows"][:2], values["sentences"][:1]
    [curve] = [curve for curve in result.curves if curve.key == values["curve"]]

    def use(data: bytes) -> None:
        (tmp_path / FILE).write_bytes(data)
        found = read_examples(tmp_path, curve=curve.key, lams=curve.lams, n_labels=2, modality="text")
        for row in found["rows"] if found else ():
            assert len(row["scores"]["probabilities"]) == len(row["y_pred"]) == 1 + len(found["lams"])

    fuzz(FILE, lambda rng: json_text(mutate_json(values, rng)).encode(), use, default=600, name_in_errors=FILE)


def test_stress_file(fuzz: Fuzz, tmp_path: Path) -> None:
    """What is read can be written, put into a table and said in a sentence."""
    gap = Estimate(-0.1, (-0.2, -0.05))
    figures = stressed.StressFigures(Estimate(0.1, (0.0, 0.2)), Estimate(0.9, None), gap, gap, is_collapsed=False)
    rows = [
        stressed.StressRow(key, key, n, figures, figures, figures, gap) for key, n in (("unchanged", 0), ("png", 9))
    ]
    groups = [stressed.GroupCalibration("a", 9, 0.1, 0.1, [stressed.ReliabilityBin(0.0, 1.0, 9, 0.5, 0.6)])]
    curve = stressed.StressedCurve(
        "key", "border", "equalized_odds", "average_abs_odds_difference", 2.0, "random_trigger", rows,
        dict.fromkeys(stressed.CONDITIONS, groups),
    )  # fmt: skip
    values: Any = stressed.StressResult("name", "image", 9, 9, 0, [curve], {"torch": "2"}, 1.0).to_json()

    def use(data: bytes) -> None:
        (tmp_path / stressed.FILE).write_bytes(data)
        found = stressed.read_stress(tmp_path)
        assert found
        json.dumps(found.to_json(), allow_nan=False)
        stress_csv(found)
        for each in found.curves:
            stress_sentence(each)

    fuzz(
        stressed.FILE, lambda rng: json_text(mutate_json(values, rng)).encode(), use, default=300,
        name_in_errors=stressed.FILE,
    )  # fmt: skip
