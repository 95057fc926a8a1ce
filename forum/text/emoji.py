"""`:slight_smile:` as the face it stands for."""

from __future__ import annotations

import re
from functools import cache

_CODE = re.compile(r"(?<![\w:]):([a-z0-9_+\-]{2,40}):(?:t[1-6]:)?(?!\w)")
_OTHER_NAMES = {"slight_smile": "🙂", "slight_frown": "🙁", "hug": "🤗", "hugging": "🤗", "mrgreen": "😁"}


def emoji_named(name: str) -> str | None:
    """The emoji that `name` (with or without colons) stands for, or None."""
    name = name.strip(":").partition(":")[0]
    if name in _OTHER_NAMES:
        return _OTHER_NAMES[name]
    return _by_alias().get(f":{name}:")


def with_emoji(text: str) -> str:
    """`text` with every `:name:` that is an emoji replaced by it; other words between colons stay."""
    if ":" not in text:
        return text
    return _CODE.sub(lambda code: emoji_named(code[1]) or code[0], text)


@cache
def _by_alias() -> dict[str, str]:
    import emoji  # 70 ms, and only an import needs it

    names: dict[str, str] = {}
    for face, about in emoji.EMOJI_DATA.items():
        for name in (about["en"], *about.get("alias", ())):
            names.setdefault(name.lower(), face)
    return names
