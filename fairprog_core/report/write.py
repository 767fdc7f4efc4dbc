"""Write the report of one run, or of several, into one HTML file."""

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path

from fairprog_core.common.files.destination import Product, check_destination, has_header, writing
from fairprog_core.common.home import user_path
from fairprog_core.report.render import render_report
from fairprog_core.results.result import Result, uniquely_named

REPORT_FILE = Product("a report that fairprog wrote", has_header("<!doctype html>\n<!-- fairprog report/"))


def write_report(
    result: Result | Sequence[Result] | Mapping[str, Result], path: str | PathLike[str], *, scorecard: bool = False
) -> Path:
    """Write one HTML file that opens offline, in light and dark, and prints well; its path.

    Args:
        result: of a run; several are compared in one report, under the names of a mapping.
        path: of the file; an earlier report there is replaced.
        scorecard: one page (A4) on the first curve instead.

    Raises:
        ArtifactError: a run has no finished curve, a file of it is damaged, or the report would have more than 5 MB.
        ConfigError: the path cannot be written, or holds something else.
    """
    out = check_destination(user_path(path), REPORT_FILE)
    text = render_report(_named(result), is_scorecard=scorecard)
    with writing(out, REPORT_FILE) as part:
        part.write_text(text, "utf-8")
    return out


def _named(result: Result | Sequence[Result] | Mapping[str, Result]) -> Mapping[str, Result]:
    if isinstance(result, Mapping):
        return result
    several = [result] if isinstance(result, Result) else result
    return uniquely_named((str(each.study.get("name") or each.folder.name), each) for each in several)
