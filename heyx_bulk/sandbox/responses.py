"""HeyX's responses: the documented bodies, and those that clients have met besides.

Documented: the shapes of success, and `{"status": "error", "message": …, "data": []}` with 401, 403, 405 and 429.
Seen: HTML with 5xx. The body of a 422 is a guess, after the framework HeyX appears to run on.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

JSON = "application/json"

_HTML_PAGE = (
    "<html>\r\n<head><title>{title}</title></head>\r\n"
    "<body>\r\n<center><h1>{title}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)
_HTML_TITLES = {
    301: "301 Moved Permanently",
    500: "500 Internal Server Error",
    502: "502 Bad Gateway",
    503: "503 Service Temporarily Unavailable",
    504: "504 Gateway Time-out",
}


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP response as HeyX sends it; `headers` leave out Content-Length, which the transport adds."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON; ValueError if it is not JSON."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class LostResponse:
    """No response came. `took_effect`: whether HeyX had carried out the call when the connection was cut."""

    took_effect: bool


class RefusalError(Exception):
    """HeyX refuses a call: raised while it is read or carried out, before any effect."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.response = invalid(message) if status == 422 else error(status, message)


def in_json(body: dict[str, Any], *, status: int = 200) -> Response:
    """A response with a body in JSON."""
    return Response(status, {"Content-Type": JSON}, json.dumps(body, separators=(",", ":")).encode())


def data(value: dict[str, Any], *, status: int = 200) -> Response:
    """A contact, or the id of one."""
    return in_json({"data": value}, status=status)


def success(message: str) -> Response:
    """The response to a change of tags."""
    return in_json({"status": "success", "message": message, "data": []})


def error(status: int, message: str) -> Response:
    """The documented error body under any status, 200 included."""
    return in_json({"status": "error", "message": message, "data": []}, status=status)


def invalid(message: str) -> Response:
    """A 422: its message is a list and it carries `errors`, as clients have seen."""
    body = {"status": "error", "message": [message], "data": [], "errors": {"body": [message]}}
    return in_json(body, status=422)


def in_html(status: int, **headers: str) -> Response:
    """A 5xx or a redirect as a web server in front of HeyX sends it."""
    body = _HTML_PAGE.format(title=_HTML_TITLES[status])
    return Response(status, {"Content-Type": "text/html; charset=UTF-8", **headers}, body.encode())
