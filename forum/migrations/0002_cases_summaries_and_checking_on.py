"""What cases may be about and whom they concern, which insights a summary led to, and who was checked on."""

from forum.migrations.dialect import run

# SQLite cannot change a check, so the table is made anew. Its children go first: dropping a parent that they point at
# would take their rows along.
SQLITE = """
CREATE TABLE "case_anew" (
    "id" {ID},
    "subject_kind" TEXT NOT NULL,
    "subject_id" BIGINT NOT NULL,
    "person_id" BIGINT,
    "opened_at" {AT} NOT NULL,
    "assignee_id" BIGINT,
    "closed_at" {AT},
    "closed_by_id" BIGINT,
    "outcome" TEXT NOT NULL,
    FOREIGN KEY ("person_id") REFERENCES "member" ("id") ON DELETE SET NULL,
    FOREIGN KEY ("assignee_id") REFERENCES "member" ("id") ON DELETE SET NULL,
    FOREIGN KEY ("closed_by_id") REFERENCES "member" ("id") ON DELETE SET NULL,
    CHECK (subject_kind IN ('post', 'member', 'idea', 'change')),
    CHECK ((closed_at IS NULL) OR (closed_by_id IS NOT NULL))
);
INSERT INTO case_anew (id, subject_kind, subject_id, opened_at, assignee_id, closed_at, closed_by_id, outcome)
    SELECT id, subject_kind, subject_id, opened_at, assignee_id, closed_at, closed_by_id, outcome FROM safety_case;

CREATE TABLE "note_anew" (
    "id" {ID},
    "case_id" BIGINT NOT NULL,
    "author_id" BIGINT NOT NULL,
    "words" TEXT NOT NULL,
    "at" {AT} NOT NULL,
    FOREIGN KEY ("case_id") REFERENCES "case_anew" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("author_id") REFERENCES "member" ("id") ON DELETE RESTRICT
);
INSERT INTO note_anew (id, case_id, author_id, words, at) SELECT id, case_id, author_id, words, at FROM case_note;

CREATE TABLE "report_anew" (
    "id" {ID},
    "case_id" BIGINT NOT NULL,
    "reporter_id" BIGINT,
    "reason" TEXT NOT NULL,
    "words" TEXT NOT NULL,
    "snapshot" TEXT,
    "snapshot_revision" BIGINT,
    "at" {AT} NOT NULL,
    FOREIGN KEY ("case_id") REFERENCES "case_anew" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("reporter_id") REFERENCES "member" ("id") ON DELETE SET NULL,
    CHECK (reason IN ('unkind', 'unsafe', 'private', 'advert', 'illegal', 'worried', 'other'))
);
INSERT INTO report_anew (id, case_id, reporter_id, reason, words, snapshot, snapshot_revision, at)
    SELECT id, case_id, reporter_id, reason, words, snapshot, snapshot_revision, at FROM report;

UPDATE sqlite_sequence SET seq = (SELECT seq FROM sqlite_sequence WHERE name = 'safety_case') WHERE name = 'case_anew';
UPDATE sqlite_sequence SET seq = (SELECT seq FROM sqlite_sequence WHERE name = 'case_note') WHERE name = 'note_anew';
UPDATE sqlite_sequence SET seq = (SELECT seq FROM sqlite_sequence WHERE name = 'report') WHERE name = 'report_anew';
DROP TABLE case_note;
DROP TABLE report;
DROP TABLE safety_case;
ALTER TABLE case_anew RENAME TO safety_case;
ALTER TABLE note_anew RENAME TO case_note;
ALTER TABLE report_anew RENAME TO report;
CREATE INDEX "safety_case_opened_at" ON "safety_case" ("opened_at");
CREATE INDEX "safety_case_assignee_id" ON "safety_case" ("assignee_id");
CREATE INDEX "safety_case_closed_by_id" ON "safety_case" ("closed_by_id");
CREATE UNIQUE INDEX "case_open" ON "safety_case" ("subject_kind", "subject_id") WHERE ("closed_at" IS NULL);
CREATE INDEX "case_note_case_id" ON "case_note" ("case_id");
CREATE INDEX "case_note_author_id" ON "case_note" ("author_id");
CREATE INDEX "report_case_id" ON "report" ("case_id");
CREATE INDEX "report_reporter_id" ON "report" ("reporter_id");
"""

POSTGRESQL = """
ALTER TABLE safety_case DROP CONSTRAINT safety_case_subject_kind_check;
ALTER TABLE safety_case ADD CHECK (subject_kind IN ('post', 'member', 'idea', 'change'));
ALTER TABLE safety_case ADD COLUMN person_id BIGINT REFERENCES member (id) ON DELETE SET NULL;
"""

BOTH = """
CREATE INDEX "safety_case_person_id" ON "safety_case" ("person_id");
UPDATE safety_case SET person_id = (SELECT id FROM member WHERE id = subject_id) WHERE subject_kind = 'member';
UPDATE safety_case SET person_id = (SELECT author_id FROM post WHERE id = subject_id) WHERE subject_kind = 'post';

CREATE TABLE "summary_insight" (
    "id" {ID},
    "summary_id" BIGINT NOT NULL,
    "insight_id" BIGINT NOT NULL,
    FOREIGN KEY ("summary_id") REFERENCES "summary" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("insight_id") REFERENCES "insight" ("id") ON DELETE CASCADE
);
CREATE INDEX "summary_insight_summary_id" ON "summary_insight" ("summary_id");
CREATE UNIQUE INDEX "summary_insight_insight_id" ON "summary_insight" ("insight_id");

ALTER TABLE invitation ADD COLUMN checked_at {AT};
ALTER TABLE invitation ADD COLUMN checked_by_id BIGINT REFERENCES member (id) ON DELETE SET NULL;
CREATE INDEX "invitation_checked_by_id" ON "invitation" ("checked_by_id");
"""


def up(migrator, db):
    """Take the step."""
    run(db, sqlite=SQLITE, postgresql=POSTGRESQL)
    run(db, BOTH)
