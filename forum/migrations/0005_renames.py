"""What members were called before.

Frozen: later steps get files of their own.
"""

from forum.migrations.dialect import run

TABLES = """
CREATE TABLE "name_change" (
    "id" {ID},
    "member_id" BIGINT NOT NULL,
    "name" TEXT NOT NULL,
    "name_key" TEXT NOT NULL,
    "changed_at" {AT} NOT NULL,
    FOREIGN KEY ("member_id") REFERENCES "member" ("id") ON DELETE CASCADE
);
CREATE INDEX "name_change_member_id_changed_at" ON "name_change" ("member_id", "changed_at");
CREATE INDEX "name_change_name_key" ON "name_change" ("name_key");
"""


def up(migrator, db):
    """Make the table."""
    run(db, TABLES)
