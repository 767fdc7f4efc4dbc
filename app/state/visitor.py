"""Who visits: a random id that a browser keeps, so that limits can count what one visitor has running."""

import re
import secrets

import streamlit as st

from fairprog_core.common.process.class_pass import PASS, role_of
from fairprog_core.common.sharing import sharing

COOKIE = "fairprog_visitor"  # set by `app.server.guard`

_KEY = "visitor"
_ID = re.compile(r"[0-9a-f]{32}")


def visitor() -> str:
    """The id of this browser, 32 hex digits; where it keeps no cookies, an id of this session."""
    known = st.context.cookies.get(COOKIE)
    if isinstance(known, str) and _ID.fullmatch(known):  # a page that is tested without a server has no cookies
        return known
    return str(st.session_state.setdefault(_KEY, secrets.token_hex(16)))


def is_teacher() -> bool:
    """Whether this browser is the one of the class's teacher; where there is no class, nobody is."""
    policy = sharing()
    return policy.is_class and role_of(st.context.cookies.get(PASS), policy.teacher_token) == "teacher"


def is_pupil() -> bool:
    """Whether this visitor sees only their own runs and what is shared with the class."""
    return sharing().is_class and not is_teacher()
