"""Judgements as files that a build server reads: JUnit's XML, a summary in Markdown, and JSON."""

from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree as ET

from fairprog_core.api.checking.bounds import BoundVerdict
from fairprog_core.api.checking.judge import Judgement, overall
from fairprog_core.common.errors import escaped
from fairprog_core.common.errors.markdown import as_markdown
from fairprog_core.metrics.intervals import Estimate

SCHEMA = "fairprog.check/1"
SUITE = "fairprog check"
SUMMARY_START = "### fairprog check: "
SAID: dict[BoundVerdict, str] = {
    "kept": "kept",
    "broken": "broken",
    "open": "cannot be told: the interval contains the bound, or there is none",
}
_MARKS: dict[BoundVerdict, str] = {"kept": "✓", "broken": "✗", "open": "?"}


def figure(found: Estimate) -> str:
    """A value with its 95 % interval: "0.032 [0.000, 0.061]"."""
    if found.value is None:
        return "–"
    return f"{found.value:.3f}" + (f" [{found.ci[0]:.3f}, {found.ci[1]:.3f}]" if found.ci else "")


def junit_xml(name: str, judgements: Sequence[Judgement]) -> str:
    """JUnit's XML: a test case per bound and curve; a broken bound is a failure, an open one an error.

    Args:
        name: of the run or file.
        judgements: of its bounds.
    """
    counts = {verdict: sum(each.verdict == verdict for each in judgements) for verdict in SAID}
    totals = {"tests": str(len(judgements)), "failures": str(counts["broken"]), "errors": str(counts["open"])}
    root = ET.Element("testsuites", {"name": SUITE, **totals})
    suite = ET.SubElement(root, "testsuite", {"name": escaped(name), **totals})
    for each in judgements:
        case = ET.SubElement(suite, "testcase", {"classname": escaped(each.subject), "name": str(each.bound)})
        sentence = f"{each.bound.metric} is {figure(each.found)}: {SAID[each.verdict]}"
        if each.verdict == "kept":
            ET.SubElement(case, "system-out").text = sentence
        else:
            tag = "failure" if each.verdict == "broken" else "error"
            ET.SubElement(case, tag, {"message": sentence, "type": each.verdict}).text = each.note
    ET.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def markdown(name: str, judgements: Sequence[Judgement]) -> str:
    """A summary for the page of a build: a table with the base and the controls beside every figure.

    Args:
        name: of the run or file.
        judgements: of its bounds.
    """
    others = list(dict.fromkeys(method for each in judgements for method in each.beside))
    head = ["", "Of", "Bound", "Found (95 %)", *(as_markdown(method.replace("_", " ")) for method in others), "Rows"]
    lines = [
        f"{SUMMARY_START}{as_markdown(name)} {SAID[overall(judgements)]}",
        "",
        _row(head),
        _row(["---"] * len(head)),
    ]
    for each in judgements:
        lam = "" if each.lam is None else f", λ = {each.lam:g}"
        found = f"{figure(each.found)}{'; ' * bool(each.note)}{as_markdown(each.note)}"
        beside = [figure(each.beside[method]) if method in each.beside else "" for method in others]
        lines.append(
            _row(
                [
                    _MARKS[each.verdict],
                    as_markdown(each.subject) + lam,
                    as_markdown(str(each.bound)),
                    found,
                    *beside,
                    f"{each.n:,}",
                ]
            )
        )
    return "\n".join([*lines, ""])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def check_json(name: str, judgements: Sequence[Judgement]) -> dict[str, Any]:
    """The judgements as JSON values.

    Args:
        name: of the run or file.
        judgements: of its bounds.
    """
    return {
        "schema": SCHEMA,
        "name": name,
        "verdict": overall(judgements),
        "bounds": [
            {
                "subject": each.subject,
                "metric": each.bound.metric,
                "most" if each.bound.is_most else "least": each.bound.limit,
                **each.found.to_json(),
                "verdict": each.verdict,
                "note": each.note,
                "lam": each.lam,
                "n": each.n,
                "beside": {method: found.to_json() for method, found in each.beside.items()},
            }
            for each in judgements
        ],
    }
