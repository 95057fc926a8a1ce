"""What the door itself says no to, in the site's own words."""

from typing import TYPE_CHECKING

from werkzeug.exceptions import HTTPException, RequestEntityTooLarge, RequestTimeout, ServiceUnavailable

from forum.asgi.messages import Headers

if TYPE_CHECKING:
    from flask import Flask

_REFUSALS: tuple[type[HTTPException], ...] = (RequestTimeout, RequestEntityTooLarge, ServiceUnavailable)


def prepare_refusals(app: "Flask") -> dict[tuple[int, bool], tuple[Headers, bytes]]:
    """Return the site's own pages for what the door itself says no to: (status, as JSON) -> (headers, body)."""
    ready = {}
    for kind in _REFUSALS:
        for as_json in (False, True):
            accept = "application/json" if as_json else "text/html"
            with app.test_request_context("/", headers={"Accept": accept}):
                response = app.make_response(app.handle_user_exception(kind()))
                response = app.process_response(response)
                headers = [
                    (name.lower().encode(), value.encode())
                    for name, value in response.headers
                    if name.lower() not in ("set-cookie", "content-length")
                ]
                headers += [(b"connection", b"close"), (b"cache-control", b"no-store")]
                ready[kind().code or 500, as_json] = (headers, response.get_data())
    return ready
