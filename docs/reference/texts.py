"""A griffe extension: how docstrings and options become the text of the reference."""

import ast
import re
from typing import Any

from griffe import Attribute, Docstring, Expr, ExprCall, ExprKeyword, Extension, Object

BOUNDS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
ROLE = re.compile(r":(?:func|data|class|mod|meth|attr):(?=`)")


class FieldTexts(Extension):
    """Reads ``name: type = Field(default, title=…, description=…, ge=…)`` of the options classes."""

    def on_instance(self, *, obj: Object, **_: Any) -> None:
        """Leave the name of a role as ``:func:`name``` has it."""
        if obj.docstring:
            obj.docstring.value = ROLE.sub("", obj.docstring.value)

    def on_attribute_instance(self, *, attr: Attribute, **_: Any) -> None:
        """Take the text out of ``Field(…)``: title, description and bounds; and leave the default."""
        call = attr.value
        if not isinstance(call, ExprCall) or str(call.function) != "Field":
            return
        named = {part.name: part.value for part in call.arguments if isinstance(part, ExprKeyword)}
        bounds = [f"`{sign} {named[name]}`" for name, sign in BOUNDS.items() if name in named]
        text = " ".join(_sentence(named[name]) for name in ("title", "description") if name in named)
        attr.docstring = Docstring(" ".join(filter(None, [text, ", ".join(bounds)])), parent=attr)
        given = [part for part in call.arguments if not isinstance(part, ExprKeyword)]
        attr.value = given[0] if given else named.get("default_factory")


def _sentence(value: str | Expr) -> str:
    """The sentence of a literal; a name that stands for one is left out."""
    try:
        return str(ast.literal_eval(str(value))).rstrip(".") + "."
    except ValueError:
        return ""
