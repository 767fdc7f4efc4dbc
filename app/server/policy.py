"""The Content-Security-Policy of the pages: what a browser may load, run and connect to.

It has no ``'unsafe-eval'``, and no ``'unsafe-inline'`` for scripts. Two things stay open, because Streamlit needs them:
styles inside the page (``style-src 'unsafe-inline'``: its own, Plotly's and our style sheet), and scripts of ``blob:``,
which only a script that already runs in the page can make: it loads components from such addresses.
"""

import base64
import hashlib
import re
from functools import cache
from pathlib import Path

import streamlit

from app.server.head import SCRIPT

_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_FIXED = (
    "default-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "media-src 'self' data: blob:",
    "font-src 'self' data:",
    "worker-src 'self' blob:",
    "frame-src 'self'",
    "object-src 'none'",
    "base-uri 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
)


def content_security_policy(host: str) -> str:
    """The header's value.

    Args:
        host: of the request, already checked; websockets to it are allowed by name, because older browsers do not
            count them as ``'self'``.
    """
    connect = f"connect-src 'self' ws://{host} wss://{host}"
    return "; ".join((*_FIXED, f"script-src 'self' blob: {' '.join(_inline_scripts())}".rstrip(), connect))


@cache
def _inline_scripts() -> tuple[str, ...]:
    """The scripts that stand in the page itself, Streamlit's and ours, by their hashes."""
    page = (Path(streamlit.__file__).parent / "static" / "index.html").read_text("utf-8")
    digests = (hashlib.sha256(script.encode()).digest() for script in (*_INLINE.findall(page), SCRIPT))
    return tuple(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
