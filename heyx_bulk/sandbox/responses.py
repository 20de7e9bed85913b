"""What HeyX answers: the documented bodies, and those that clients have met besides.

Documented: the shapes of success, and `{"status": "error", "message": …, "data": []}` with 401, 403, 405 and
429. Seen: HTML with 5xx. The body of a 422 is a guess, in the manner of the framework HeyX appears to run on.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

JSON = "application/json"
HTML = "text/html; charset=UTF-8"

_PAGE_OF_ERROR = (
    "<html>\r\n<head><title>{title}</title></head>\r\n"
    "<body>\r\n<center><h1>{title}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)
_TITLES = {
    301: "301 Moved Permanently",
    500: "500 Internal Server Error",
    502: "502 Bad Gateway",
    503: "503 Service Temporarily Unavailable",
    504: "504 Gateway Time-out",
}


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP answer as HeyX sends it; `headers` leave out Content-Length, which is the door's."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON; ValueError if it is none."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class LostResponse:
    """No answer came. `took_effect`: whether HeyX had carried the call out when the connection was cut."""

    took_effect: bool


class RefusalError(Exception):
    """HeyX says no: raised while a call is read or carried out, before any effect."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.answer = invalid(message) if status == 422 else error(status, message)


def _in_json(status: int, body: Any) -> Response:
    return Response(status, {"Content-Type": JSON}, json.dumps(body, separators=(",", ":")).encode())


def _in_html(status: int) -> Response:
    body = _PAGE_OF_ERROR.format(title=_TITLES[status])
    return Response(status, {"Content-Type": HTML}, body.encode())


def page(body: dict[str, Any]) -> Response:
    """The answer to a search: `data`, `links` and `meta`."""
    return _in_json(200, body)


def data(value: dict[str, Any], *, status: int = 200) -> Response:
    """The answer that carries a contact, or the id of one."""
    return _in_json(status, {"data": value})


def success(message: str) -> Response:
    """The answer to a change of tags."""
    return _in_json(200, {"status": "success", "message": message, "data": []})


def error(status: int, message: str) -> Response:
    """The documented error body under any status, 200 included."""
    return _in_json(status, {"status": "error", "message": message, "data": []})


def invalid(message: str) -> Response:
    """A 422: its message is a list and it carries `errors`, as clients have seen."""
    body = {"status": "error", "message": [message], "data": [], "errors": {"body": [message]}}
    return _in_json(422, body)


def broken(status: int) -> Response:
    """A 5xx as a web server in front of HeyX sends it: HTML, not JSON."""
    return _in_html(status)


def moved(location: str) -> Response:
    """A 301 as a web server sends it for a trailing slash."""
    answer = _in_html(301)
    return Response(301, {**answer.headers, "Location": location}, answer.body)
