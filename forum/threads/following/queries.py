"""Who wants to hear of a thread."""

from forum.rows import rows


def followers(thread_id: int, *, after: int = 0, limit: int = 500) -> list[int]:
    """Return ids of members who want to hear of a thread, ascending, those above *after*: for jobs, in batches."""
    found = rows(
        "SELECT f.member_id FROM follow f JOIN member m ON m.id = f.member_id "
        "WHERE f.thread_id = ? AND f.muted_at IS NULL AND m.left_at IS NULL AND f.member_id > ? "
        "ORDER BY f.member_id LIMIT ?",
        (thread_id, after, limit),
    )
    return [member_id for (member_id,) in found]


def has_muted(member_id: int, thread_id: int) -> bool:
    """Say whether a member asked not to hear of a thread, not even of replies to them."""
    sql = "SELECT 1 FROM follow WHERE member_id = ? AND thread_id = ? AND muted_at IS NOT NULL"
    return bool(rows(sql, (member_id, thread_id)))
