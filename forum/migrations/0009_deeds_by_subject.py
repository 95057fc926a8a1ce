"""Find what was done to something without reading the whole audit trail."""

from forum.migrations.dialect import run


def up(migrator, db):
    """Take the step."""
    run(db, 'CREATE INDEX "audit_entry_subject_kind_subject_id" ON "audit_entry" ("subject_kind", "subject_id");')
