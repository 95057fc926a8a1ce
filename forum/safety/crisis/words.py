"""Words that may mean somebody is in danger. Noticing blocks nothing: the writer is shown help, and staff look.

The list errs on the side of showing help, and leaves out what carers say of an ordinary day ("dead tired", "killing
time", "could murder a cup of tea"). It cannot judge; people do.
"""

import re
from pathlib import Path

_WORDS = (Path(__file__).parent / "words.txt").read_text(encoding="utf-8").splitlines()
_PATTERN = re.compile("|".join(f"(?:{line})" for line in _WORDS if line and not line.startswith("#")))
_NOT_MEANT = re.compile(
    r"(?:suicide (?:prevention|awareness|bereavement|helpline|squad|vest|note in the film)|bereaved by suicide|"
    r"(?:going to|gonna|could|will) kill me (?:when|if|for)|kill me now|killing me softly|kill(?:s|ing) me laughing)"
)


def _plainly(text: str) -> str:
    """Lower case, straight letters only, single spaces: ``Can't   GO on!`` becomes ``cant go on``."""
    lowered = text.casefold().replace("’", "'").replace("'", "")
    return " ".join(re.sub(r"[^\w\s]|_", " ", lowered).split())


def noticed_in(text: str) -> bool:
    """Say whether *text* holds words that may mean that somebody is in danger."""
    words = _NOT_MEANT.sub(" ", _plainly(text[:200_000]))
    return _PATTERN.search(words) is not None
