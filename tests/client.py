"""A visitor's browser without the browser: follows forms as a person does, hidden fields and all."""

from typing import Any
from urllib.parse import urljoin

from bs4 import BeautifulSoup, Tag
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from tests import pages


class Client(FlaskClient):
    """Flask's test client, which also signs in, fills in forms and keeps every page for the HTML checker.

    CSRF protection stays on: `fill` finds the hidden fields as a browser would.
    """

    test_name = ""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        response = super().open(*args, **kwargs)
        if response.mimetype == "text/html":
            body = response.get_data(as_text=True)
            if pages.is_page(response.content_type, body):
                pages.keep(response.request.url, body, status=response.status_code, test=self.test_name)
        return response

    def soup(self, path: str, *, status: int = 200) -> BeautifulSoup:
        """Get a page and return it parsed. Fails unless it answers *status*."""
        response = self.get(path)
        assert response.status_code == status, f"{path} answered {response.status_code}, not {status}"
        self._leads_somewhere(response)
        return BeautifulSoup(response.text, "html.parser")

    def fill(
        self,
        path: str,
        fields: dict[str, Any] | None = None,
        *,
        form: str = "main form[method=post]",
        press: str = "",
        follow: bool = False,
        **more: Any,
    ) -> TestResponse:
        """Open *path*, fill in the first form that the CSS selector *form* finds, send it, return the answer.

        *fields* and keywords are what is typed, by name; a list sends several; None takes a field out. *press* is the
        words on the button, when it matters which one is pressed or which form has it. An upload is (file, name).
        """
        found = self.soup(path).select(form)
        found = [one for one in found if not press or self._button(one, press)]
        assert found, f"{path} has no form {form!r}" + (f" with a button {press!r}" if press else "")
        return self.send(path, found[0], fields, press=press, follow=follow, **more)

    def send(
        self,
        path: str,
        form: Tag,
        fields: dict[str, Any] | None = None,
        *,
        press: str = "",
        follow: bool = False,
        **more: Any,
    ) -> TestResponse:
        """Send a form found on the page *path*, with what is typed into it."""
        typed = {**(fields or {}), **more}
        values = MultiDict(self._as_it_stands(form))
        button = self._button(form, press) if press else form.select_one("button[name]:not([type=button])")
        if button is not None and button.get("name"):
            values.add(button["name"], button.get("value", ""))
        for name, value in typed.items():
            values.poplist(name)
            if value is not None:
                values.setlist(name, value if isinstance(value, list) else [value])
        target = (button.get("formaction") if button is not None else None) or form.get("action") or path
        url = urljoin(path, str(target))
        if str(form.get("method", "get")).lower() == "get":
            return self.get(url, query_string=values, follow_redirects=follow)
        answer = self.post(url, data=values, follow_redirects=follow, headers={"Referer": self._whole(path)})
        self._leads_somewhere(answer)
        return answer

    @staticmethod
    def _leads_somewhere(response: TestResponse) -> None:
        if response.mimetype == "text/html":
            lost = pages.links_to_nowhere(response.get_data(as_text=True))
            assert not lost, f"{response.request.path} leads to {', '.join(lost)}, which is not on it"

    def _whole(self, path: str) -> str:
        root = self.application.config.get("SERVER_NAME") or "localhost"
        return urljoin(f"http://{root}/", path)

    @staticmethod
    def _button(form: Tag, words: str) -> Tag | None:
        buttons = form.select("button, input[type=submit]")
        return next(
            (one for one in buttons if words in (one.get_text(" ", strip=True) or str(one.get("value", "")))), None
        )

    @staticmethod
    def _as_it_stands(form: Tag) -> list[tuple[str, str]]:
        """Return what the form would send if nothing were typed."""
        values: list[tuple[str, str]] = []
        for field in form.select("input[name], textarea[name], select[name]"):
            name, kind = str(field["name"]), str(field.get("type", "text")).lower()
            if field.has_attr("disabled") or kind in ("submit", "button", "image", "file", "reset"):
                continue
            if field.name == "textarea":
                values.append((name, field.get_text().removeprefix("\n")))
            elif field.name == "select":
                chosen = field.select("option[selected]") or (
                    [] if field.has_attr("multiple") else field.select("option")[:1]
                )
                values += [(name, str(option.get("value", option.get_text()))) for option in chosen]
            elif kind in ("checkbox", "radio"):
                if field.has_attr("checked"):
                    values.append((name, str(field.get("value", "on"))))
            else:
                values.append((name, str(field.get("value", ""))))
        return values

    def sign_in(self, member: Any) -> "Client":
        """Be *member* from now on. Returns the client itself."""
        from tests.signing_in import sign_in

        sign_in(self, member)
        return self

    def sign_out(self) -> "Client":
        """Be a visitor from now on. Returns the client itself."""
        self._cookies.clear() if self._cookies is not None else None
        return self
