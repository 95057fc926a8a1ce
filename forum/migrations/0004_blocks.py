"""Whom members do not want to meet.

Frozen: later steps get files of their own.
"""

from forum.migrations.dialect import run

TABLES = """
CREATE TABLE "block" (
    "id" {ID},
    "member_id" BIGINT NOT NULL,
    "blocked_id" BIGINT NOT NULL,
    "at" {AT} NOT NULL,
    FOREIGN KEY ("member_id") REFERENCES "member" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("blocked_id") REFERENCES "member" ("id") ON DELETE CASCADE,
    CHECK (member_id <> blocked_id)
);
CREATE UNIQUE INDEX "block_member_id_blocked_id" ON "block" ("member_id", "blocked_id");
CREATE INDEX "block_blocked_id" ON "block" ("blocked_id");
"""


def up(migrator, db):
    """Make the table."""
    run(db, TABLES)
