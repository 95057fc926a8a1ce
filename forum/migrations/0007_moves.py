"""Moves to another e-mail address, confirmed at both ends.

Frozen: later steps get files of their own.
"""

from forum.migrations.dialect import run

TABLES = """
CREATE TABLE "move" (
    "id" {ID},
    "member_id" BIGINT NOT NULL,
    "old_email" TEXT NOT NULL,
    "new_email" TEXT NOT NULL,
    "asked_at" {AT} NOT NULL,
    "due_at" {AT} NOT NULL,
    "new_confirmed_at" {AT},
    "old_confirmed_at" {AT},
    "ended_at" {AT},
    "outcome" TEXT NOT NULL,
    FOREIGN KEY ("member_id") REFERENCES "member" ("id") ON DELETE CASCADE,
    CHECK (outcome IN ('', 'moved', 'stopped', 'left_it', 'replaced', 'taken')),
    CHECK ((ended_at IS NULL) = (outcome = ''))
);
CREATE INDEX "move_member_id" ON "move" ("member_id");
CREATE UNIQUE INDEX "move_open" ON "move" ("member_id") WHERE ended_at IS NULL;

DELETE FROM "link" WHERE purpose = 'new_address';
"""


def up(migrator, db):
    """Make the table. Links that changed an address by themselves work no more; whoever wants to ask again."""
    run(db, TABLES)
