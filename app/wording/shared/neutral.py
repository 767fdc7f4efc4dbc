"""Text of others, such as names of runs, made harmless for each place where a page shows it; one function per place."""

import html
import re
from typing import Any

from app.wording.shared import public
from fairprog_core.common.errors import escaped
from fairprog_core.common.errors.markdown import as_markdown

_LINK = re.compile(r"https?://\S+")


def in_text(text: str) -> str:
    """For what shows text as text, such as the options of a list: control characters become visible.

    On a shared server without paths of the server, see `public`; so is every other function here.
    """
    return escaped(public.text(text))


def in_component(data: Any) -> Any:
    """For a component of our own, which shows text as text: all texts in JSON data, at any depth."""
    if isinstance(data, str):
        return in_text(data)
    if isinstance(data, dict):
        return {key: in_component(value) for key, value in data.items()}
    return [in_component(each) for each in data] if isinstance(data, list | tuple) else data


def in_markdown(text: str) -> str:
    """For Markdown, also that of labels: shown as written, without markup, links, emoji and formulas; in one line."""
    return as_markdown(public.text(text))


def in_markdown_with_links(text: str) -> str:
    """For Markdown of our own, such as a data set's card: as `in_markdown`, but addresses of the web are links."""
    return " ".join(word if _LINK.fullmatch(word) else in_markdown(word) for word in text.split())


def in_chart(text: str) -> str:
    """For Plotly, which reads some HTML, formulas and templates in names, titles and labels."""
    return html.escape(in_text(text), quote=False).replace("$", "&#36;").replace("%{", "&#37;{")
