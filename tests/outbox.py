"""The letters that the file mail backend wrote."""

import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path


class Outbox:
    """Reads letters back, oldest first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def letters(self) -> list[EmailMessage]:
        """Every letter written so far, oldest first."""
        files = sorted(self.folder.rglob("*.eml"), key=lambda path: (path.stat().st_mtime_ns, path.name))
        return [message_from_bytes(path.read_bytes(), policy=policy.default) for path in files]  # type: ignore[misc]

    def to(self, address: str) -> list[EmailMessage]:
        """Return the letters to *address*, oldest first."""
        return [letter for letter in self.letters if address in str(letter["To"])]

    def last(self, address: str = "") -> EmailMessage:
        """Return the newest letter (to *address*). Fails when there is none."""
        letters = self.to(address) if address else self.letters
        assert letters, f"no letter to {address or 'anybody'}"
        return letters[-1]

    @staticmethod
    def words(letter: EmailMessage, kind: str = "plain") -> str:
        """Return the text of *letter*: ``plain`` or ``html``."""
        body = letter.get_body(preferencelist=(kind,))
        assert body is not None, f"the letter has no {kind} text"
        return body.get_content()

    @classmethod
    def links(cls, letter: EmailMessage) -> list[str]:
        """Return the addresses in the plain text of *letter*, in order."""
        return re.findall(r"https?://[^\s<>)\"]+", cls.words(letter))

    def clear(self) -> None:
        """Throw the letters away."""
        for path in self.folder.rglob("*.eml"):
            path.unlink()

    def __len__(self) -> int:
        return len(self.letters)
