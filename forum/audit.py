"""Deeds of staff, each with its reason, in a chain that shows when somebody changed the past.

The chain hashes a salted digest of the words; the words and their salt sit in a row of their own, which erasure may
empty without breaking the chain.
"""

import hashlib
import secrets
from datetime import datetime
from typing import Any

from peewee import BigIntegerField, ForeignKeyField, TextField

from forum.clock import now
from forum.database import BaseModel, UtcField, in_transaction, wait_for_log

GENESIS = "0" * 64


class AuditEntry(BaseModel):
    """One deed. Rows are only ever added."""

    at = UtcField()
    actor_id = BigIntegerField(null=True)
    deed = TextField()
    subject_kind = TextField()
    subject_id = BigIntegerField()
    words_digest = TextField()
    previous = TextField()
    digest = TextField(unique=True)

    class Meta:
        indexes = ((("subject_kind", "subject_id"), False),)


class AuditWords(BaseModel):
    """The reason given for a deed. Erasable."""

    entry = ForeignKeyField(AuditEntry, backref="words", on_delete="CASCADE", unique=True)
    salt = TextField()
    reason = TextField()


def _link(
    previous: str, at: datetime, actor_id: int | None, deed: str, subject_kind: str, subject_id: int, words: str
) -> str:
    line = "\x1f".join(
        (
            previous,
            at.isoformat(timespec="microseconds"),
            str(actor_id or ""),
            deed,
            subject_kind,
            str(subject_id),
            words,
        )
    )
    return hashlib.sha256(line.encode()).hexdigest()


def note(actor: Any, deed: str, *, subject: Any, reason: str = "") -> AuditEntry:
    """Add *deed* (``post.hidden``) by *actor* (a viewer or an id) on *subject* (a model or (kind, id)) to the chain.

    Must be called inside the transaction of the deed itself."""
    if not in_transaction():
        raise RuntimeError("a deed is noted inside the transaction it belongs to")
    subject_kind, subject_id = subject if isinstance(subject, tuple) else (type(subject).__name__.lower(), subject.id)
    actor_id = getattr(actor, "id", actor)
    wait_for_log()
    last = AuditEntry.select(AuditEntry.digest).order_by(AuditEntry.id.desc()).limit(1).scalar()
    previous = last or GENESIS
    salt = secrets.token_hex(16)
    words_digest = hashlib.sha256(f"{salt}{reason}".encode()).hexdigest()
    at = now()
    entry = AuditEntry.create(
        at=at,
        actor_id=actor_id,
        deed=deed,
        subject_kind=subject_kind,
        subject_id=subject_id,
        words_digest=words_digest,
        previous=previous,
        digest=_link(previous, at, actor_id, deed, subject_kind, subject_id, words_digest),
    )
    AuditWords.create(entry=entry, salt=salt, reason=reason)
    return entry


def first_broken_entry() -> tuple[int | None, int]:
    """Walk the chain. Return (id of the first entry that does not fit, or None; number of entries checked)."""
    previous, checked = GENESIS, 0
    words = {row.entry_id: row for row in AuditWords.select()}
    for entry in AuditEntry.select().order_by(AuditEntry.id).iterator():
        expected = _link(
            previous, entry.at, entry.actor_id, entry.deed, entry.subject_kind, entry.subject_id, entry.words_digest
        )
        said = words.get(entry.id)
        tampered = said is not None and (
            hashlib.sha256(f"{said.salt}{said.reason}".encode()).hexdigest() != entry.words_digest
        )
        if entry.previous != previous or entry.digest != expected or tampered:
            return entry.id, checked
        previous, checked = entry.digest, checked + 1
    return None, checked


def erase_words(subject_kind: str, subject_ids: Any) -> None:
    """Take away the reasons for deeds on these subjects (ids, or a query of ids). The chain still verifies."""
    entries = AuditEntry.select(AuditEntry.id).where(
        AuditEntry.subject_kind == subject_kind, AuditEntry.subject_id.in_(subject_ids)
    )
    AuditWords.delete().where(AuditWords.entry.in_(entries)).execute()
