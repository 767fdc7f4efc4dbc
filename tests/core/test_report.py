"""The report of a run: one file that loads nothing, holds every λ, and shows names as text."""

import base64
import dataclasses
import hashlib
import html
import json
import re
import shutil
from contextlib import suppress
from html.parser import HTMLParser
from pathlib import Path

import pytest

import fairprog_core as fp
from fairprog_core.cli import main
from fairprog_core.common.errors import ArtifactError, ConfigError, FairprogError
from fairprog_core.deploy.stress.measure import measure_stress
from fairprog_core.pipeline.stress.stress_result import FILE, read_stress
from fairprog_core.pipeline.stress.survival import stress_sentence
from fairprog_core.report.document import LEFT_OUT, document
from fairprog_core.report.figures.family import families
from fairprog_core.report.render import MOST_BYTES, REPORT, inline, render, render_report, rich
from fairprog_core.report.sections import answer as answers
from fairprog_core.report.sections.answer import answer
from fairprog_core.report.sections.examples import DAMAGED as ROWS_DAMAGED
from fairprog_core.report.sections.examples import in_ratio
from fairprog_core.report.sections.groups import MISSING
from fairprog_core.report.sections.looks import NONE as NOT_EXPLAINED
from fairprog_core.report.sections.reading import DAMAGED as PROBE_DAMAGED
from fairprog_core.report.sections.reading import NONE as NOT_PROBED
from fairprog_core.report.sections.stressed import NO_TRIGGER, stressed
from fairprog_core.report.sections.stressed import NONE as NOT_STRESSED
from fairprog_core.report.sections.stressed import SHIPPED as NOT_STRESSED_SHIPPED
from fairprog_core.results.changed_examples import ChangedExample
from fairprog_core.results.result import Result, uniquely_named
from fairprog_core.results.run_folder import shipped_runs
from tests.app.hostile import damages

POLICY = re.compile(r'Content-Security-Policy" content="([^"]+)"')
LOADS = {"src", "href", "action", "poster", "data", "srcset", "formaction", "background"}
STRANGE = "<script>alert(1)</script>\"'&{{ 7*7 }}"


class Seen(HTMLParser):
    """What a page would load, its scripts, and the attributes that would run."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.tags: list[str] = []
        self.handlers: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.loads += [value or "" for name, value in attrs if name in LOADS]
        self.handlers += [name for name, _ in attrs if name.startswith("on")]


@pytest.fixture(scope="module")
def shipped():
    return {run: Result.open(folder) for run, folder in shipped_runs().items()}


@pytest.fixture(scope="module", params=["demo", "demo-comments", "demo-methods-faces"])
def report(request, shipped):
    return render_report({request.param: shipped[request.param]}), shipped[request.param]


def test_report_is_small_and_loads_nothing_from_outside(report):
    text, _ = report
    assert len(text.encode()) < MOST_BYTES
    seen = Seen(text)
    assert all(load.startswith(("data:image/", "#")) for load in seen.loads)
    assert not seen.handlers
    assert not {"link", "iframe", "object", "embed", "base"} & set(seen.tags)
    assert re.findall(r"url\((?!data:image/)", text) == []
    assert "@import" not in text


def test_policy_allows_the_reports_script_and_no_other(report):
    text, _ = report
    policy = POLICY.search(text)[1]
    assert policy.startswith("default-src 'none'")
    scripts = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    assert len(scripts) == 1
    assert f"'sha256-{base64.b64encode(hashlib.sha256(scripts[0].encode()).digest()).decode()}'" in policy


def test_every_lam_of_every_curve_is_in_the_file(report):
    text, result = report
    views = json.loads(re.search(r'id="views">(.*?)</script>', text, re.DOTALL)[1])
    found = families(result)
    assert [view["lams"] for view in views] == [[f"{lam:g}" for lam in family.lams] for family in found]
    assert [view["chosen"] for view in views] == [family.chosen for family in found]
    assert all(len(view["says"]) == len(view["lams"]) for view in views)


def test_answer_of_the_faces_names_gap_price_interval_and_control(shipped):
    """.273 → .032 are 27 and 3 points; accuracy .902 → .875 are 3 of 100; the untrained border leaves .213."""
    family = families(shipped["demo"])[0]
    found = answer(family)
    assert (found.before, found.now.now, found.price.now) == ("27", "3", "Price: 3 more of 100 answers are wrong.")
    assert found.interval.now == "95 %: 0 to 6"
    assert "lies below 0, and an untrained trigger leaves them 21 points apart (95 %: 19 to 24)." in found.verdict.now
    assert "so what is left does not differ clearly from 0" in found.noise.now


def test_answer_without_an_effect_says_so(shipped):
    family = families(shipped["demo"])[0]
    gap = family.gap
    change = dataclasses.replace(family.points[0]).change(gap)._replace(value=-0.01, ci=(-0.03, 0.01))
    points = tuple(dataclasses.replace(point, delta={gap: change}) for point in family.points)
    assert answer(dataclasses.replace(family, points=points)).verdict.now.startswith("No effect is shown")
    wider = change._replace(value=0.05, ci=(0.01, 0.09))
    points = tuple(dataclasses.replace(point, delta={gap: wider}) for point in family.points)
    assert answer(dataclasses.replace(family, points=points)).verdict.now.startswith("The gap gets larger")


def test_collapsed_point_is_no_effect(shipped):
    family = families(shipped["demo"])[0]
    points = tuple(dataclasses.replace(point, collapsed=True) for point in family.points)
    found = answer(dataclasses.replace(family, points=points))
    assert found.verdict.now == answers.NOTHING
    assert found.caution.now.startswith("This point has collapsed")
    assert found.noise.now == ""


def test_control_that_does_as_well_is_said(shipped):
    family = families(shipped["demo"])[0]
    same = {"random_trigger": family.points[family.chosen]}
    assert answers.CONTROL_ALIKE.strip() in answer(dataclasses.replace(family, controls=same)).verdict.now


@pytest.mark.parametrize(("gained", "lost", "shown"), [(246, 134, (5, 3)), (239, 178, (4, 3)), (10, 0, (8, 0))])
def test_examples_keep_the_ratio_of_gained_to_lost(gained, lost, shown):
    rows = [ChangedExample(row=i, y=0, z=0, is_gain=i < 10, y_pred=[0, 1]) for i in range(16)]
    found = in_ratio(rows, gained, lost, 8)
    assert (sum(row["is_gain"] for row in found), sum(not row["is_gain"] for row in found)) == shown


def test_names_are_shown_as_text_and_never_read_as_html(finished, tmp_path):
    result = finished.result
    names = [f"{STRANGE}{i}" for i in range(len(result.group_names))]
    rename = dict(zip(result.group_names, names))

    def renamed(point):
        rates = [{**row, "group": rename[row["group"]]} for row in point.group_rates or ()]
        changed = [{**row, "group": rename[row["group"]]} for row in point.changes or ()]
        return dataclasses.replace(point, group_rates=rates or None, changes=changed or None, groups=names)

    strange = dataclasses.replace(
        result, group_names=names, labels=[STRANGE, "</style>**x**"], study={**result.study, "name": STRANGE},
        base=renamed(result.base), points=[renamed(point) for point in result.points],
    )  # fmt: skip
    text = render_report({STRANGE: strange})
    assert "<script>alert" not in text
    assert html.escape("<script>alert(1)</script>", quote=False) in text
    assert Seen(text).tags.count("script") == 2
    assert "{{ 7*7 }}" in html.unescape(text)
    assert text.count("</style>") == 1


def test_run_without_explanations_says_what_was_not_computed_and_how_to_get_it(finished):
    result = finished.result
    curves = [dataclasses.replace(curve, explain={}, probe={}) for curve in result.curves]
    bare = dataclasses.replace(
        result, curves=curves, base=dataclasses.replace(result.base, group_rates=None, audits=None),
        points=[dataclasses.replace(point, audit=None) for point in result.points],
    )  # fmt: skip
    text = html.unescape(render_report({"bare": bare}))
    for sentence in (NOT_EXPLAINED, NOT_PROBED, MISSING, "The leakage of this run is unknown"):
        assert sentence[1:] in text


def test_run_without_a_finished_curve_has_no_report(finished):
    with pytest.raises(ArtifactError, match="no finished curve"):
        render_report({"empty": dataclasses.replace(finished.result, curves=[], points=[])})


@pytest.mark.parametrize("start", range(3))
def test_damaged_run_has_a_report_or_one_sentence(start, finished, tmp_path):
    """Of some hundred damages a few each; a damaged part of a curve does not take the others along."""
    for damage in list(damages(finished.folder).values())[start::90]:
        folder = Path(shutil.copytree(finished.folder, tmp_path / "run", dirs_exist_ok=False))
        with suppress(FairprogError):
            damage(folder)
            assert render_report({"run": Result.open(folder)}).startswith("<!doctype html>")
        shutil.rmtree(folder)


def test_damaged_gallery_and_probe_are_named_in_their_sections(finished, tmp_path):
    folder = Path(shutil.copytree(finished.folder, tmp_path / "run"))
    result = Result.open(folder)
    for curve in result.curves:
        if curve.gallery_file.exists():
            curve.gallery_file.unlink()
            curve.gallery_file.write_bytes(b"x" * 100)
    curves = [dataclasses.replace(curve, probe={"lams": 5}) for curve in result.curves]
    text = html.unescape(render_report({"run": dataclasses.replace(result, curves=curves)}))
    assert ROWS_DAMAGED in text
    assert PROBE_DAMAGED in text


def test_figures_of_stress_are_shown_where_they_were_kept(finished, tmp_path):
    folder = Path(shutil.copytree(finished.folder, tmp_path / "run"))
    result = Result.open(folder)
    assert html.escape(NOT_STRESSED) in render_report({"run": result})
    work = measure_stress(result, home=finished.home, curve=result.curves[0].key, changes=["jpeg_75"])
    while True:
        try:
            next(work)
        except StopIteration as ended:
            ended.value.save(folder / FILE)
            sentence = stress_sentence(ended.value.curves[0])
            break
    text = html.unescape(render_report({"run": result}))
    assert sentence[1:] in text
    assert "JPEG" in text
    assert "noise alone: " in text


def test_shipped_studies_show_their_figures_of_stress_and_nobody_is_told_to_keep_some(shipped):
    """The whole test split of both studies, every trigger at its chosen λ; the comparisons hold no triggers' files."""
    for run in ("demo", "demo-comments"):
        result, found = shipped[run], read_stress(shipped[run].folder)
        assert [(each.key, each.lam) for each in found.curves] == [
            (each.key, each.chosen_lam) for each in result.curves
        ]
        assert found.n == found.n_test == result.base.n
        for curve, own in zip(found.curves, result.curves, strict=True):
            assert curve.rows[0].trigger.gap == result.chosen_point(own).metric(curve.gap)
        said = [stressed(family).says for family in families(result)]
        assert [each[1:] for each in said] == [stress_sentence(each)[1:] for each in found.curves]
    kinds = {stressed(family).problem for family in families(shipped["demo-methods-faces"])}
    assert kinds == {NO_TRIGGER, NOT_STRESSED_SHIPPED}


def test_runs_on_the_same_rows_are_compared_with_verdicts_and_others_without(shipped):
    same = html.unescape(render_report({name: shipped[name] for name in ("demo", "demo-methods-faces")}))
    assert "one seed: cannot say" in same
    assert "2 runs compared" in same
    other = html.unescape(render_report({name: shipped[name] for name in ("demo", "demo-comments")}))
    assert "No verdicts: these studies cannot be compared row by row" in other


def test_scorecard_is_one_curve_without_a_script(shipped):
    text = render_report({"demo": shipped["demo"]}, is_scorecard=True)
    assert "<script" not in text
    assert len(text) < 100_000


def test_report_that_is_too_large_loses_curves_then_pictures_and_is_refused_at_last(shipped):
    results = {"demo": shipped["demo"]}
    card = len(render_report(results, is_scorecard=True).encode())
    bare = render(document(results, n_views=1, has_pictures=False), REPORT)
    n_bytes = len(bare.encode())
    small = render_report(results, most_bytes=n_bytes)
    assert len(small.encode()) <= n_bytes
    assert LEFT_OUT in small
    assert "3 further curves are in the result" in small
    assert not {"img", "picture"} & set(Seen(small).tags)
    for most, is_scorecard in ((n_bytes - 1, False), (card - 1, True)):
        with pytest.raises(ArtifactError, match=r"^The report would have .*give fewer runs"):
            render_report(results, is_scorecard=is_scorecard, most_bytes=most)


def test_sentences_become_paragraphs_lists_and_bold_and_nothing_else():
    assert (
        str(rich("a **b**\n\n- c <i>\n- d")) == "<p>a <strong>b</strong></p>\n<ul><li>c &lt;i&gt;</li><li>d</li></ul>"
    )
    assert str(inline("<b>&**x**")) == "&lt;b&gt;&amp;<strong>x</strong>"


def test_written_report_is_replaced_but_nothing_else_is(finished, tmp_path):
    file = fp.write_report(finished.result, tmp_path / "report.html")
    assert fp.write_report([finished.result, finished.result], file) == file
    assert "2 runs compared" in file.read_text("utf-8")
    other = tmp_path / "other.html"
    other.write_text("mine")
    with pytest.raises(ConfigError, match=r"not a report that fairprog wrote"):
        fp.write_report(finished.result, other)


def test_runs_of_the_same_name_are_all_in_the_report(finished, tmp_path):
    """A number that one of the names carries already is passed over."""
    named = [
        dataclasses.replace(finished.result, study={**finished.result.study, "name": name})
        for name in ("x", "x 3", "x")
    ]
    text = fp.write_report(named, tmp_path / "report.html").read_text("utf-8")
    assert "3 runs compared" in text
    assert "x 2: " in text
    assert list(uniquely_named((name, named[0]) for name in ("x", "x 2", "x", "x"))) == ["x", "x 2", "x 3", "x 4"]


def test_command_writes_a_shipped_study(tmp_path, capsys):
    out = tmp_path / "card.html"
    with pytest.raises(SystemExit) as ended:
        main(["report", "demo", "--scorecard", "--out", str(out)])
    assert ended.value.code == 0
    assert "open it in a browser" in capsys.readouterr().out
    assert Path(out).read_text("utf-8").startswith("<!doctype html>")
