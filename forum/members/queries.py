"""Reading about people."""

import hashlib

from forum.access import Viewer
from forum.database import db, is_postgres, utc

_VIEWER = """
    SELECT m.id, m.name, m.role, m.suspended_until, m.email_confirmed_at, m.time_zone, s.id
    FROM session s JOIN member m ON m.id = s.member_id
    WHERE s.token_digest = {0} AND s.ended_at IS NULL AND m.left_at IS NULL"""


def token_digest(token: str) -> str:
    """Return what the database keeps of a session's token."""
    return hashlib.sha256(token.encode()).hexdigest()


def viewer_by_session(token: str) -> Viewer | None:
    """Return the viewer a session's token stands for, or None when it ended."""
    mark = "%s" if is_postgres() else "?"
    row = db.execute_sql(_VIEWER.format(mark), (token_digest(token),)).fetchone()
    if row is None:
        return None
    groups = db.execute_sql(f"SELECT group_id FROM group_member WHERE member_id = {mark}", (row[0],)).fetchall()  # noqa: S608
    return Viewer(
        id=row[0],
        name=row[1],
        role=row[2],
        group_ids=frozenset(group_id for (group_id,) in groups),
        suspended_until=utc(row[3]),
        is_confirmed=row[4] is not None,
        time_zone=row[5],
        session_id=row[6],
        session_token=token,
    )
