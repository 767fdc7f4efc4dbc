"""A griffe extension: an option's title, description and bounds become the text under its name."""

import ast
from typing import Any

from griffe import Attribute, Docstring, Expr, ExprCall, ExprKeyword, Extension


class OptionFields(Extension):
    """Reads ``name: type = Field(default, title=…, description=…, ge=…)`` of the options classes."""

    def on_attribute_instance(self, *, attr: Attribute, **_: Any) -> None:
        """Take the text out of ``Field(…)`` and leave the default."""
        call = attr.value
        if not isinstance(call, ExprCall) or str(call.function) != "Field":
            return
        named = {part.name: part.value for part in call.arguments if isinstance(part, ExprKeyword)}
        bounds = [f"`{sign} {named[name]}`" for name, sign in BOUNDS.items() if name in named]
        text = " ".join(_text(named[name]) for name in ("title", "description") if name in named)
        attr.docstring = Docstring(" ".join(filter(None, [text, ", ".join(bounds)])), parent=attr)
        given = [part for part in call.arguments if not isinstance(part, ExprKeyword)]
        attr.value = given[0] if given else named.get("default_factory")


BOUNDS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}


def _text(value: str | Expr) -> str:
    """The sentence of a literal; a name that stands for one is left out."""
    try:
        return str(ast.literal_eval(str(value))).rstrip(".") + "."
    except ValueError:
        return ""
