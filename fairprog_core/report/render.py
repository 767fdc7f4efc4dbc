"""From a document to one HTML file: style and script inside, nothing loaded from outside, all text escaped."""

import base64
import dataclasses
import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from fairprog_core.common.errors import ArtifactError, escaped, size
from fairprog_core.common.process.version import VERSION
from fairprog_core.report.document import MOST_VIEWS, CurveView, Document, document
from fairprog_core.report.figures.follow import Follow
from fairprog_core.report.sections import stressed
from fairprog_core.results.result import Result

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

TEMPLATES = Path(__file__).parent / "templates"
REPORT, SCORECARD = "report.html.jinja", "scorecard.html.jinja"
MOST_BYTES = 5_000_000
_STRONG = re.compile(r"\*\*(.+?)\*\*")


def render_report(
    results: Mapping[str, Result], *, is_scorecard: bool = False, note: str = "", most_bytes: int = MOST_BYTES
) -> str:
    """The report as HTML; where it would be too large, it shows fewer curves, then no pictures, and says so.

    Args:
        results: by the name of the run; several are compared.
        is_scorecard: one page on the first curve of the first run.
        note: a sentence below the title of a report.
        most_bytes: largest size.

    Raises:
        ArtifactError: a run has no finished curve, a file of it is damaged, or even the smallest report is too large.
    """
    if is_scorecard:
        text = render(document(dict(list(results.items())[:1]), n_views=1), SCORECARD)
        return _checked(text, most_bytes)
    n_views, has_pictures = MOST_VIEWS, True
    while True:
        found = dataclasses.replace(document(results, n_views=n_views, has_pictures=has_pictures), note=note)
        text = render(found, REPORT)
        if len(text.encode()) <= most_bytes or not has_pictures:
            return _checked(text, most_bytes)
        if len(found.views) > 1:
            n_views = len(found.views) // 2
        else:
            has_pictures = False


def _checked(text: str, most_bytes: int) -> str:
    if (n_bytes := len(text.encode())) > most_bytes:
        raise ArtifactError(
            f"The report would have {size(n_bytes)}, at most {size(most_bytes)} are written; give fewer runs, or a run "
            "with fewer curves, λ or groups or with shorter names."
        )
    return text


def render(found: Document, template: str) -> str:
    """A document drawn by a template."""
    script = (TEMPLATES / "report.js").read_text("utf-8").strip()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return _environment().get_template(template).render(
        report=found, style=(TEMPLATES / "report.css").read_text("utf-8"), script=script, digest=digest,
        views=[_for_script(view) for view in found.views],
        stress_columns=stressed.COLUMNS, calibration_columns=stressed.CALIBRATED,
        calibration_caption=stressed.CALIBRATION, version=VERSION, made=datetime.now(UTC).strftime("%Y-%m-%d"),
    )  # fmt: skip


def _for_script(view: CurveView) -> dict[str, object]:
    """What the script knows of a curve."""
    return {"run": view.run, "lams": view.lams, "chosen": view.chosen, "says": _in_short(view)}


def _in_short(view: CurveView) -> list[str]:
    """The answer at every λ, beside the slider."""
    now = view.answer.now
    return [f"{view.answer.before} → {value} points apart" for value in (now.values * len(view.lams))[: len(view.lams)]]


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    found = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    found.filters |= {"inline": inline, "rich": rich, "json": _json, "pair": lambda text: (text, "")}
    found.finalize = _shown
    return found


def _shown(value: object) -> object:
    """Control characters of names become visible, as on the pages."""
    return escaped(value) if type(value) is str else value


def inline(text: str) -> "Markup":
    """A sentence, escaped; ``**…**`` is bold."""
    from markupsafe import Markup, escape

    return Markup(_STRONG.sub(r"<strong>\1</strong>", str(escape(escaped(text)))))


def rich(text: str) -> "Markup":
    """Paragraphs, divided by an empty line, and lists, whose lines begin with "- "; see `inline`."""
    from markupsafe import Markup

    parts = []
    for block in filter(None, (each.strip() for each in text.split("\n\n"))):
        lines = block.split("\n")
        if all(line.startswith("- ") for line in lines):
            items = Markup("").join(Markup("<li>{}</li>").format(inline(line[2:])) for line in lines)
            parts.append(Markup("<ul>{}</ul>").format(items))
        else:
            parts.append(Markup("<p>{}</p>").format(inline(" ".join(lines))))
    return Markup("\n").join(parts)


def _json(found: Follow) -> str:
    """The texts of all λ, for an attribute."""
    return json.dumps([escaped(value) for value in found.values], ensure_ascii=False, separators=(",", ":"))
