"""What a page asks for after it was left does not reach Streamlit; everything else does."""

import pytest
from starlette.types import Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from app.server.left_page import LeftPage

OLD, NEW = "hash of Trade-off", "hash of Start"


def asks(page: str, part: str = "") -> Message:
    request = BackMsg()
    request.rerun_script.page_script_hash = page
    request.rerun_script.fragment_id = part
    return {"type": "websocket.receive", "bytes": request.SerializeToString()}


def begins(page: str) -> Message:
    answer = ForwardMsg()
    answer.new_session.page_script_hash = page
    return {"type": "websocket.send", "bytes": answer.SerializeToString()}


def navigates(page: str) -> Message:
    answer = ForwardMsg()
    answer.navigation.page_script_hash = page
    return {"type": "websocket.send", "bytes": answer.SerializeToString()}


def lost() -> Message:
    answer = ForwardMsg()
    answer.page_not_found.page_name = "nowhere"
    return {"type": "websocket.send", "bytes": answer.SerializeToString()}


async def through(*messages: Message) -> list[Message]:
    """The requests among these messages of one websocket that reach the app, in their order."""
    nothing = {"type": "websocket.disconnect"}
    waiting: list[Message] = []
    sent: list[Message] = []
    reached: list[Message] = []

    async def receive() -> Message:
        return waiting.pop() if waiting else nothing

    async def send(message: Message) -> None:
        sent.append(message)

    async def app(_: Scope, receive: Receive, send: Send) -> None:
        for message in messages:
            if message["type"] == "websocket.send":
                await send(message)
            else:
                waiting.append(message)
                reached.append(await receive())

    await LeftPage(app)({"type": "websocket"}, receive, send)
    assert sent == [each for each in messages if each["type"] == "websocket.send"]
    return [each for each in reached if each != nothing]


@pytest.mark.anyio
async def test_a_part_of_a_page_that_was_left_is_not_drawn():
    first, part, back = asks(OLD), asks(OLD, "slider"), asks(NEW)
    assert await through(first, begins(OLD), part, back, part, begins(NEW), part) == [first, part, back]


@pytest.mark.anyio
async def test_parts_of_the_page_that_is_shown_are_drawn():
    back, part = asks(NEW), asks(NEW, "slider")
    assert await through(back, part, begins(NEW), part) == [back, part, part]


@pytest.mark.anyio
async def test_an_answer_for_the_page_before_does_not_count_as_the_new_one():
    back, late = asks(NEW), asks(OLD, "slider")
    assert await through(back, begins(OLD), late, begins(NEW), late) == [back]


@pytest.mark.anyio
async def test_a_page_that_the_server_went_to_is_the_page_from_then_on():
    first, old, new = asks(OLD), asks(OLD, "table"), asks(NEW, "slider")
    assert await through(first, begins(OLD), old, begins(NEW), old, new) == [first, old, new]


@pytest.mark.anyio
async def test_the_first_page_of_a_tab_is_named_by_the_server():
    first, part = asks(""), asks(NEW, "slider")
    assert await through(first, begins(""), part, navigates(NEW), part, asks(OLD, "late")) == [first, part, part]


@pytest.mark.anyio
async def test_a_page_that_is_not_there_is_not_waited_for():
    wrong, part = asks("hash of nothing"), asks(NEW, "slider")
    assert await through(asks(NEW), begins(NEW), wrong, lost(), navigates(NEW), part) == [asks(NEW), wrong, part]


@pytest.mark.anyio
async def test_what_is_no_request_passes():
    odd = {"type": "websocket.receive", "bytes": b"\xff\xfe no request"}
    words = {"type": "websocket.receive", "text": "ping"}
    assert await through(asks(OLD), odd, words) == [asks(OLD), odd, words]
