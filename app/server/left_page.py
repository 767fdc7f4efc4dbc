"""Drops what a page still asks for after it was left; Streamlit would leave the new page blank.

A browser asks for another page, and takes it for its own when the server has begun to draw it. What it asks for in
between, because a slider comes to rest or a part draws itself again every second, names the page that was left.
Streamlit joins both requests into one, for the page that was left.
"""

from google.protobuf.message import DecodeError
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg


class LeftPage:
    """ASGI middleware around Streamlit; see the module.

    Attributes:
        app: what answers the requests.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a connection on; of a websocket's messages those that come too late are dropped."""
        if scope["type"] == "websocket":
            socket = _Socket(receive, send)
            receive, send = socket.receive, socket.send
        await self.app(scope, receive, send)


class _Socket:
    """The websocket of one tab.

    Attributes:
        asked: hash of the page that the browser has gone to and that the server has not begun to draw; else empty.
        drawn: hash of the page that the server began to draw last; empty before the first.
    """

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send
        self.asked = self.drawn = ""

    async def receive(self) -> Message:
        """The next message of the browser that is not too late."""
        while True:
            message = await self._receive()
            if not (data := message.get("bytes")) or not self._is_late(data):
                return message

    async def send(self, message: Message) -> None:
        """Pass a message to the browser on, and note which page is drawn."""
        if data := message.get("bytes"):
            self._note(data)
        await self._send(message)

    def _is_late(self, data: bytes) -> bool:
        """Whether a part of a page asks to be drawn that is no longer the browser's page; notes a page asked for."""
        request = BackMsg()
        try:
            request.ParseFromString(data)
        except DecodeError:  # Streamlit says what it thinks of it
            return False
        if request.WhichOneof("type") != "rerun_script":
            return False
        page = request.rerun_script.page_script_hash
        if not request.rerun_script.fragment_id:
            self.asked = page
            return False
        here = self.asked or self.drawn
        return bool(page and here) and page != here

    def _note(self, data: bytes) -> None:
        answer = ForwardMsg()
        answer.ParseFromString(data)
        kind = answer.WhichOneof("type")
        if kind == "page_not_found":
            self.asked = ""
        elif kind in ("new_session", "navigation"):
            page = (answer.new_session if kind == "new_session" else answer.navigation).page_script_hash
            self.drawn = page or self.drawn
            if page == self.asked:
                self.asked = ""
