"""The help pages say what is true everywhere, and send nobody to a number that nobody answers."""

import re
from typing import Any

import pytest


@pytest.mark.one_stack("sqlite")
def test_the_help_page_names_only_numbers_that_were_checked(client: Any) -> None:
    page = client.soup("/help/crisis")
    main = page.select_one("main")
    numbers = {re.sub(r"[^0-9]", "", link["href"].split("?")[0]) for link in main.select("a[href^=tel], a[href^=sms]")}
    assert numbers == {"999", "111", "116123", "85258"}
    assert not re.findall(r"0\d[\d ]{7,}", main.get_text())
    text = " ".join(main.get_text().split())
    for nation in ("England", "Wales", "Scotland", "Northern Ireland"):
        assert nation in text
    assert "NHS 111 and choose option 2" in text
    assert "text SHOUT to 85258" in text
