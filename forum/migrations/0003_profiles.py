"""Profiles: a word about oneself that is rendered, what one offers and would like, and the caring situation.

Frozen: later steps get files of their own.
"""

from html import escape

from forum.migrations.dialect import run

COLUMNS = """
ALTER TABLE "member" ADD COLUMN "about_html" TEXT;
ALTER TABLE "member" ADD COLUMN "offers" TEXT NOT NULL DEFAULT '';
ALTER TABLE "member" ADD COLUMN "would_like" TEXT NOT NULL DEFAULT '';
ALTER TABLE "member" ADD COLUMN "care_audience" TEXT NOT NULL DEFAULT 'members'
    CHECK (care_audience IN ('nobody', 'counted', 'members'));

CREATE TABLE "situation" (
    "id" {ID},
    "member_id" BIGINT NOT NULL,
    "field" TEXT NOT NULL,
    "value" TEXT NOT NULL,
    "audience" TEXT NOT NULL,
    FOREIGN KEY ("member_id") REFERENCES "member" ("id") ON DELETE CASCADE,
    CHECK (field IN ('whom', 'condition', 'since', 'distance', 'work', 'age', 'language', 'place')),
    CHECK (audience IN ('nobody', 'counted', 'members'))
);
CREATE UNIQUE INDEX "situation_member_id_field_value" ON "situation" ("member_id", "field", "value");
CREATE INDEX "situation_field_value" ON "situation" ("field", "value");
"""


def up(migrator, db):
    """Add what a profile holds. What members said of themselves so far was plain, and looks as it did."""
    run(db, COLUMNS)
    mark = db.param
    for id, about in db.execute_sql("SELECT id, about FROM member WHERE about <> ''").fetchall():
        html = "".join(f"<p>{escape(line.strip())}</p>" for line in about.splitlines() if line.strip())
        db.execute_sql(f"UPDATE member SET about_html = {mark} WHERE id = {mark}", (html, id))  # noqa: S608
