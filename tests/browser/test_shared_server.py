"""Requests as other sites and other machines would send them, and an upload as a person would do it."""

import http.client
import io
from urllib.parse import urlsplit

import pytest
from PIL import Image

UPLOAD = "/_stcore/upload_file/a-session/a-file"


def status(server, method: str, path: str, **headers: str) -> tuple[int, str]:
    """The status and the text of an answer."""
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=10)
    try:
        connection.request(method, path, body=None if method == "GET" else b"", headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(errors="replace")
    finally:
        connection.close()


@pytest.mark.parametrize("path", ["/", "/train", "/_stcore/health", "/_stcore/host-config", "/favicon.png", "/media/x"])
def test_foreign_hosts_are_refused_on_every_path(server, path):
    assert status(server, "GET", path, Host="evil.example")[0] == 403
    assert status(server, "GET", path, Host="0.0.0.0:80")[0] == 403


def test_upload_without_token_or_from_a_foreign_page_is_refused(server):
    _, port = server.url.rsplit(":", 1)
    token = {"X-Xsrftoken": "made-up", "Cookie": "_streamlit_xsrf=another"}
    for method in ("PUT", "DELETE"):
        assert status(server, method, UPLOAD) == (403, "XSRF token missing or invalid")
        assert status(server, method, UPLOAD, Origin=server.url, **token)[0] == 403
        for origin in ("http://localhost:9", f"http://localhost:{port}", "http://0.0.0.0", "null", "https://a.example"):
            code, said = status(server, method, UPLOAD, Origin=origin, **token)
            assert (code, "another site" in said) == (403, True)
    assert status(server, "POST", UPLOAD)[0] == 405


@pytest.mark.parametrize("origin", ["http://localhost:9", "http://0.0.0.0", "null"])
def test_websocket_of_a_foreign_page_is_refused(server, origin):
    upgrade = {
        "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }  # fmt: skip
    assert status(server, "GET", "/_stcore/stream", Origin=origin, **upgrade)[0] == 403


def test_a_person_uploads_a_picture_and_is_known_again(server, finished, visitor):
    """The upload passes Streamlit's check of its token, and the pages may do all they need under our policy."""
    visit = visitor(server)
    page = visit.open(f"/saliency?run={finished.run_id}")
    (first,) = [each for each in page.context.cookies() if each["name"] == "fairprog_visitor"]
    assert (first["httpOnly"], first["sameSite"]) == (True, "Strict")
    picture = io.BytesIO()
    Image.new("RGB", (64, 64), (90, 120, 150)).save(picture, "png")
    with page.expect_response(lambda answer: "upload_file" in answer.url) as uploaded:
        page.locator("input[type=file]").set_input_files(
            {"name": "face.png", "mimeType": "image/png", "buffer": picture.getvalue()}
        )
    assert (uploaded.value.request.method, uploaded.value.status) == ("PUT", 204)
    visit.settle()
    visit.open("/runs")
    (second,) = [each for each in page.context.cookies() if each["name"] == "fairprog_visitor"]
    assert second["value"] == first["value"]
    assert visit.console == []


def test_a_page_of_another_site_may_not_show_the_dashboard_in_a_frame(server, visitor):
    visit = visitor(server)
    page = visit.page
    page.set_content(f'<iframe src="{server.url}/"></iframe>')
    page.wait_for_function("() => document.querySelector('iframe').contentDocument === null")
    assert any("frame" in line for line in visit.console)
