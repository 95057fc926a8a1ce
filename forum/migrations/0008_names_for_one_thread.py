"""A name for one thread only, who asked to open one, and the thread that a notice or an alert is about."""

from forum.migrations.dialect import run

TABLES = """
CREATE TABLE "thread_name" (
    "id" {ID},
    "thread_id" BIGINT NOT NULL,
    "member_id" BIGINT NOT NULL,
    "name" TEXT NOT NULL,
    "name_key" TEXT NOT NULL,
    "chosen_at" {AT} NOT NULL,
    FOREIGN KEY ("thread_id") REFERENCES "thread" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("member_id") REFERENCES "member" ("id") ON DELETE CASCADE
);
CREATE INDEX "thread_name_thread_id" ON "thread_name" ("thread_id");
CREATE INDEX "thread_name_member_id" ON "thread_name" ("member_id");
CREATE INDEX "thread_name_name_key" ON "thread_name" ("name_key");
CREATE UNIQUE INDEX "thread_name_thread_id_member_id" ON "thread_name" ("thread_id", "member_id");
CREATE UNIQUE INDEX "thread_name_thread_id_name_key" ON "thread_name" ("thread_id", "name_key");

CREATE TABLE "name_opening" (
    "id" {ID},
    "thread_name_id" BIGINT NOT NULL,
    "post_number" BIGINT NOT NULL,
    "asked_by_id" BIGINT NOT NULL,
    "reason" TEXT NOT NULL,
    "in_danger" {YES} NOT NULL,
    "asked_at" {AT} NOT NULL,
    "second_by_id" BIGINT,
    "second_at" {AT},
    "agreed" {YES},
    "second_words" TEXT NOT NULL,
    "keep_quiet" {YES} NOT NULL,
    FOREIGN KEY ("thread_name_id") REFERENCES "thread_name" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("asked_by_id") REFERENCES "member" ("id") ON DELETE RESTRICT,
    FOREIGN KEY ("second_by_id") REFERENCES "member" ("id") ON DELETE RESTRICT,
    CHECK ((second_by_id IS NULL) = (second_at IS NULL)),
    CHECK ((second_by_id IS NULL) = (agreed IS NULL)),
    CHECK (second_by_id IS NULL OR second_by_id <> asked_by_id)
);
CREATE INDEX "name_opening_thread_name_id" ON "name_opening" ("thread_name_id");
CREATE INDEX "name_opening_asked_by_id" ON "name_opening" ("asked_by_id");
CREATE INDEX "name_opening_second_by_id" ON "name_opening" ("second_by_id");

ALTER TABLE "notice" ADD COLUMN "thread_id" BIGINT REFERENCES "thread" ("id") ON DELETE CASCADE;
CREATE INDEX "notice_thread_id" ON "notice" ("thread_id");

ALTER TABLE "crisis_alert" ADD COLUMN "thread_id" BIGINT REFERENCES "thread" ("id") ON DELETE CASCADE;
CREATE INDEX "crisis_alert_thread_id" ON "crisis_alert" ("thread_id");
UPDATE "crisis_alert" SET "thread_id" = (SELECT p."thread_id" FROM "post" p WHERE p."id" = "crisis_alert"."post_id");
"""

# Until now the thread stood in the address alone.
FILL = """
UPDATE "notice" SET "thread_id" = (SELECT t."id" FROM "thread" t WHERE t."id" = {THREAD})
WHERE substr("path", 1, 3) = '/t/';
"""


def up(migrator, db):
    """Make the tables, and say of each notice and alert which thread it is about."""
    run(db, TABLES)
    run(
        db,
        sqlite=FILL.replace("{THREAD}", 'CAST(substr("notice"."path", 4) AS INTEGER)'),
        postgresql=FILL.replace("{THREAD}", 'CAST(split_part("notice"."path", \'/\', 3) AS BIGINT)'),
    )
