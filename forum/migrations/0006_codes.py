"""Codes from a phone as a second step of signing in.

Frozen: later steps get files of their own.
"""

from forum.migrations.dialect import run

TABLES = """
ALTER TABLE "session" ADD COLUMN "awaits_code" {YES} NOT NULL DEFAULT FALSE;

CREATE TABLE "authenticator" (
    "id" {ID},
    "member_id" BIGINT NOT NULL,
    "salt" TEXT NOT NULL,
    "made_at" {AT} NOT NULL,
    "confirmed_at" {AT},
    "last_step" BIGINT NOT NULL,
    FOREIGN KEY ("member_id") REFERENCES "member" ("id") ON DELETE CASCADE
);
CREATE UNIQUE INDEX "authenticator_member_id" ON "authenticator" ("member_id");

CREATE TABLE "recovery_code" (
    "id" {ID},
    "member_id" BIGINT NOT NULL,
    "digest" TEXT NOT NULL,
    "used_at" {AT},
    FOREIGN KEY ("member_id") REFERENCES "member" ("id") ON DELETE CASCADE
);
CREATE UNIQUE INDEX "recovery_code_member_id_digest" ON "recovery_code" ("member_id", "digest");
"""


def up(migrator, db):
    """Make the tables. Whoever is signed in stays so."""
    run(db, TABLES)
