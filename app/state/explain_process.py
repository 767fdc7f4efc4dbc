"""The explain process of this server: it explains the pictures and sentences that users enter.

A page holds one claim for each of its inputs. It asks again whenever it is drawn; that costs nothing while the request
is the same, and replaces the older request where it is another one.
"""

import time

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from app.state import session
from app.state.visitor import visitor
from fairprog_core.explain.live.process import ExplainProcess
from fairprog_core.explain.live.request import ExplainRequest
from fairprog_core.explain.live.ticket import Ticket

UNSEEN_SECONDS = 75.0  # a browser redraws a hidden tab once in a minute


class Claim:
    """A session's ticket for one of its inputs.

    Attributes:
        content: digest of the request.
        ticket: the claim to the answer.
        is_given_up: whether the user cancelled it.
    """

    def __init__(self, content: str, session_id: str) -> None:
        self.content, self.is_given_up = content, False
        self.ticket: Ticket
        self._session_id = session_id
        self.see()

    def see(self) -> None:
        """Note that the page that waits was drawn."""
        self._seen = time.monotonic()

    def is_needed(self) -> bool:
        """Whether the browser is connected, and the page that waits was drawn lately."""
        try:
            is_connected = runtime.get_instance().is_active_session(self._session_id)
        except RuntimeError:  # no server: a test of the page
            is_connected = True
        return is_connected and time.monotonic() - self._seen < UNSEEN_SECONDS

    def give_up(self) -> None:
        """Cancel the request, until the user asks for it again."""
        self.is_given_up = True
        self.cancel()

    def cancel(self) -> None:
        """Take the request out of the queue."""
        self.ticket.cancel()


@st.cache_resource(show_spinner=False)
def process() -> ExplainProcess:
    """The one process of this server; it starts with the first request."""
    return ExplainProcess()


def ask(request: ExplainRequest, *, key: str) -> Claim:
    """The claim of this session to the answer; the request is queued unless it was before.

    Args:
        request: what to explain.
        key: of the input; its next request replaces this one.

    Raises:
        DataError: a value of the request is not allowed.
        RunError: too many requests wait already.
    """
    content, claims = request.digest(), session.claims()
    claim: Claim | None = claims.get(key)
    if claim is None or claim.content != content or (claim.ticket.is_dropped and not claim.is_given_up):
        if claim is not None:
            claim.cancel()
        context = get_script_run_ctx()
        claim = Claim(content, context.session_id if context else "")
        claim.ticket = process().submit(request, visitor=visitor(), is_needed=claim.is_needed)
        claims[key] = claim
    claim.see()
    return claim


def ask_again(key: str) -> None:
    """Forget how the request of an input ended, so that it is computed once more."""
    claim = session.claims().get(key)
    if claim is not None and claim.ticket.is_over:
        del session.claims()[key]
