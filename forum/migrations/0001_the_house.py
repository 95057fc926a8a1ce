"""The house: every table of the first version.

Frozen: later steps get files of their own.
"""

from forum.migrations.dialect import run

TABLES = """
CREATE TABLE "member" (
    "id" {ID},
    "name" TEXT NOT NULL,
    "name_key" TEXT NOT NULL,
    "email" TEXT,
    "email_confirmed_at" {AT},
    "password_hash" TEXT,
    "role" TEXT NOT NULL,
    "care" TEXT NOT NULL,
    "about" TEXT NOT NULL,
    "words" TEXT NOT NULL,
    "time_zone" TEXT NOT NULL,
    "mail_replies" {YES} NOT NULL,
    "mail_mentions" {YES} NOT NULL,
    "mail_asks" {YES} NOT NULL,
    "asks_per_month" BIGINT NOT NULL,
    "asks_paused_until" {AT},
    "joined_at" {AT} NOT NULL,
    "suspended_until" {AT},
    "imported_from" TEXT,
    "left_at" {AT},
    CHECK (role IN ('member', 'volunteer', 'supporter', 'moderator', 'commissioner', 'admin')),
    CHECK (care IN ('', 'care', 'draw_on_care', 'both', 'used_to')),
    CHECK (words IN ('ask', 'without_name', 'with_name', 'please_dont')),
    CHECK (asks_per_month >= 0),
    CHECK (left_at IS NULL OR (email IS NULL AND password_hash IS NULL))
);
CREATE UNIQUE INDEX "member_name_key" ON "member" ("name_key");
CREATE UNIQUE INDEX "member_email" ON "member" ("email");
CREATE INDEX "member_role" ON "member" ("role");

CREATE TABLE "member_group" (
    "id" {ID},
    "name" TEXT NOT NULL
);

CREATE TABLE "category" (
    "id" {ID},
    "slug" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "description" TEXT NOT NULL,
    "audience" TEXT NOT NULL,
    "group_id" BIGINT,
    "position" BIGINT NOT NULL,
    FOREIGN KEY ("group_id") REFERENCES "member_group" ("id") ON DELETE RESTRICT,
    CHECK (audience IN ('public', 'members', 'staff', 'group')),
    CHECK ((audience = 'group') = (group_id IS NOT NULL))
);
CREATE UNIQUE INDEX "category_slug" ON "category" ("slug");
CREATE INDEX "category_group_id" ON "category" ("group_id");

CREATE TABLE "thread" (
    "id" {ID},
    "category_id" BIGINT NOT NULL,
    "group_id" BIGINT,
    "author_id" BIGINT NOT NULL,
    "title" TEXT NOT NULL,
    "slug" TEXT NOT NULL,
    "ask" TEXT NOT NULL,
    "started_at" {AT} NOT NULL,
    "last_post_at" {AT} NOT NULL,
    "last_author_id" BIGINT,
    "last_number" BIGINT NOT NULL,
    "post_count" BIGINT NOT NULL,
    "closed_at" {AT},
    "closed_by_id" BIGINT,
    "hidden_at" {AT},
    "hidden_by_id" BIGINT,
    "nonce" TEXT,
    FOREIGN KEY ("category_id") REFERENCES "category" ("id") ON DELETE RESTRICT,
    FOREIGN KEY ("group_id") REFERENCES "member_group" ("id") ON DELETE RESTRICT,
    FOREIGN KEY ("author_id") REFERENCES "member" ("id") ON DELETE RESTRICT,
    FOREIGN KEY ("last_author_id") REFERENCES "member" ("id") ON DELETE SET NULL,
    FOREIGN KEY ("closed_by_id") REFERENCES "member" ("id") ON DELETE SET NULL,
    FOREIGN KEY ("hidden_by_id") REFERENCES "member" ("id") ON DELETE SET NULL,
    CHECK (ask IN ('', 'advice', 'no_advice')),
    CHECK ((closed_at IS NULL) OR (closed_by_id IS NOT NULL)),
    CHECK ((hidden_at IS NULL) = (hidden_by_id IS NULL))
);
CREATE INDEX "thread_category_id" ON "thread" ("category_id");
CREATE INDEX "thread_group_id" ON "thread" ("group_id");
CREATE INDEX "thread_author_id" ON "thread" ("author_id");
CREATE INDEX "thread_started_at" ON "thread" ("started_at");
CREATE INDEX "thread_last_author_id" ON "thread" ("last_author_id");
CREATE INDEX "thread_closed_by_id" ON "thread" ("closed_by_id");
CREATE INDEX "thread_hidden_by_id" ON "thread" ("hidden_by_id");
CREATE INDEX "thread_category_id_last_post_at_id" ON "thread" ("category_id", "last_post_at", "id");
CREATE INDEX "thread_last_post_at_id" ON "thread" ("last_post_at", "id");
CREATE UNIQUE INDEX "thread_author_id_nonce" ON "thread" ("author_id", "nonce");

CREATE TABLE "post" (
    "id" {ID},
    "thread_id" BIGINT NOT NULL,
    "number" BIGINT NOT NULL,
    "author_id" BIGINT NOT NULL,
    "reply_to_id" BIGINT,
    "source" TEXT NOT NULL,
    "html" TEXT NOT NULL,
    "plain" TEXT NOT NULL,
    "renderer" BIGINT NOT NULL,
    "revision" BIGINT NOT NULL,
    "said_at" {AT} NOT NULL,
    "edited_at" {AT},
    "withdrawn_at" {AT},
    "hidden_at" {AT},
    "hidden_by_id" BIGINT,
    "is_event" {YES} NOT NULL,
    "inside_use_only" {YES} NOT NULL,
    "imported_likes" BIGINT NOT NULL,
    "via" TEXT NOT NULL,
    "nonce" TEXT,
    FOREIGN KEY ("thread_id") REFERENCES "thread" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("author_id") REFERENCES "member" ("id") ON DELETE RESTRICT,
    FOREIGN KEY ("reply_to_id") REFERENCES "post" ("id") ON DELETE SET NULL,
    FOREIGN KEY ("hidden_by_id") REFERENCES "member" ("id") ON DELETE SET NULL,
    CHECK (number > 0),
    CHECK (revision > 0),
    CHECK ((hidden_at IS NULL) = (hidden_by_id IS NULL)),
    CHECK (via IN ('web', 'email', 'import', 'api', 'offline'))
);
CREATE INDEX "post_thread_id" ON "post" ("thread_id");
CREATE INDEX "post_author_id" ON "post" ("author_id");
CREATE INDEX "post_reply_to_id" ON "post" ("reply_to_id");
CREATE INDEX "post_hidden_by_id" ON "post" ("hidden_by_id");
CREATE UNIQUE INDEX "post_thread_id_number" ON "post" ("thread_id", "number");
CREATE UNIQUE INDEX "post_author_id_nonce" ON "post" ("author_id", "nonce");
CREATE INDEX "post_author_id_said_at" ON "post" ("author_id", "said_at");

CREATE TABLE "suspension" (
    "id" {ID},
    "member_id" BIGINT NOT NULL,
    "by_id" BIGINT NOT NULL,
    "reason" TEXT NOT NULL,
    "starts_at" {AT} NOT NULL,
    "until" {AT},
    "lifted_at" {AT},
    "lifted_by_id" BIGINT,
    FOREIGN KEY ("member_id") REFERENCES "member" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("by_id") REFERENCES "member" ("id") ON DELETE RESTRICT,
    FOREIGN KEY ("lifted_by_id") REFERENCES "member" ("id") ON DELETE SET NULL
);
CREATE INDEX "suspension_member_id" ON "suspension" ("member_id");
CREATE INDEX "suspension_by_id" ON "suspension" ("by_id");
CREATE INDEX "suspension_lifted_by_id" ON "suspension" ("lifted_by_id");

CREATE TABLE "appeal" (
    "id" {ID},
    "member_id" BIGINT NOT NULL,
    "post_id" BIGINT,
    "suspension_id" BIGINT,
    "words" TEXT NOT NULL,
    "at" {AT} NOT NULL,
    "answered_at" {AT},
    "answered_by_id" BIGINT,
    "answer" TEXT NOT NULL,
    "outcome" TEXT NOT NULL,
    FOREIGN KEY ("member_id") REFERENCES "member" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("post_id") REFERENCES "post" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("suspension_id") REFERENCES "suspension" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("answered_by_id") REFERENCES "member" ("id") ON DELETE SET NULL,
    CHECK ((post_id IS NULL) <> (suspension_id IS NULL)),
    CHECK (outcome IN ('', 'stands', 'overturned')),
    CHECK ((answered_at IS NULL) = (outcome = ''))
);
CREATE INDEX "appeal_member_id" ON "appeal" ("member_id");
CREATE INDEX "appeal_post_id" ON "appeal" ("post_id");
CREATE INDEX "appeal_suspension_id" ON "appeal" ("suspension_id");
CREATE INDEX "appeal_answered_by_id" ON "appeal" ("answered_by_id");

CREATE TABLE "ask" (
    "id" {ID},
    "member_id" BIGINT NOT NULL,
    "kind" TEXT NOT NULL,
    "subject_kind" TEXT NOT NULL,
    "subject_id" BIGINT NOT NULL,
    "counts" {YES} NOT NULL,
    "asked_at" {AT} NOT NULL,
    "answered_at" {AT},
    "answer" TEXT NOT NULL,
    FOREIGN KEY ("member_id") REFERENCES "member" ("id") ON DELETE CASCADE,
    CHECK (kind IN ('invitation', 'consent', 'heard_right', 'difference'))
);
CREATE INDEX "ask_member_id" ON "ask" ("member_id");
CREATE UNIQUE INDEX "ask_member_id_kind_subject_kind_subject_id" ON "ask" ("member_id", "kind", "subject_kind", "subject_id");
CREATE INDEX "ask_subject_kind_subject_id" ON "ask" ("subject_kind", "subject_id");
CREATE INDEX "ask_member_id_asked_at" ON "ask" ("member_id", "asked_at");

CREATE TABLE "audit_entry" (
    "id" {ID},
    "at" {AT} NOT NULL,
    "actor_id" BIGINT,
    "deed" TEXT NOT NULL,
    "subject_kind" TEXT NOT NULL,
    "subject_id" BIGINT NOT NULL,
    "words_digest" TEXT NOT NULL,
    "previous" TEXT NOT NULL,
    "digest" TEXT NOT NULL
);
CREATE UNIQUE INDEX "audit_entry_digest" ON "audit_entry" ("digest");

CREATE TABLE "audit_words" (
    "id" {ID},
    "entry_id" BIGINT NOT NULL,
    "salt" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    FOREIGN KEY ("entry_id") REFERENCES "audit_entry" ("id") ON DELETE CASCADE
);
CREATE UNIQUE INDEX "audit_words_entry_id" ON "audit_words" ("entry_id");

CREATE TABLE "safety_case" (
    "id" {ID},
    "subject_kind" TEXT NOT NULL,
    "subject_id" BIGINT NOT NULL,
    "opened_at" {AT} NOT NULL,
    "assignee_id" BIGINT,
    "closed_at" {AT},
    "closed_by_id" BIGINT,
    "outcome" TEXT NOT NULL,
    FOREIGN KEY ("assignee_id") REFERENCES "member" ("id") ON DELETE SET NULL,
    FOREIGN KEY ("closed_by_id") REFERENCES "member" ("id") ON DELETE SET NULL,
    CHECK (subject_kind IN ('post', 'member')),
    CHECK ((closed_at IS NULL) OR (closed_by_id IS NOT NULL))
);
CREATE INDEX "safety_case_opened_at" ON "safety_case" ("opened_at");
CREATE INDEX "safety_case_assignee_id" ON "safety_case" ("assignee_id");
CREATE INDEX "safety_case_closed_by_id" ON "safety_case" ("closed_by_id");
CREATE UNIQUE INDEX "case_open" ON "safety_case" ("subject_kind", "subject_id") WHERE ("closed_at" IS NULL);

CREATE TABLE "case_note" (
    "id" {ID},
    "case_id" BIGINT NOT NULL,
    "author_id" BIGINT NOT NULL,
    "words" TEXT NOT NULL,
    "at" {AT} NOT NULL,
    FOREIGN KEY ("case_id") REFERENCES "safety_case" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("author_id") REFERENCES "member" ("id") ON DELETE RESTRICT
);
CREATE INDEX "case_note_case_id" ON "case_note" ("case_id");
CREATE INDEX "case_note_author_id" ON "case_note" ("author_id");

CREATE TABLE "theme" (
    "id" {ID},
    "title" TEXT NOT NULL,
    "about" TEXT NOT NULL,
    "by_id" BIGINT NOT NULL,
    "made_at" {AT} NOT NULL,
    FOREIGN KEY ("by_id") REFERENCES "member" ("id") ON DELETE RESTRICT
);
CREATE INDEX "theme_by_id" ON "theme" ("by_id");

CREATE TABLE "idea" (
    "id" {ID},
    "title" TEXT NOT NULL,
    "words" TEXT NOT NULL,
    "proposer_id" BIGINT NOT NULL,
    "theme_id" BIGINT,
    "thread_id" BIGINT,
    "owner_id" BIGINT,
    "team" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "promised_for" DATE,
    "carers_decide" {YES} NOT NULL,
    "made_at" {AT} NOT NULL,
    "nonce" TEXT,
    FOREIGN KEY ("proposer_id") REFERENCES "member" ("id") ON DELETE RESTRICT,
    FOREIGN KEY ("theme_id") REFERENCES "theme" ("id") ON DELETE SET NULL,
    FOREIGN KEY ("thread_id") REFERENCES "thread" ("id") ON DELETE SET NULL,
    FOREIGN KEY ("owner_id") REFERENCES "member" ("id") ON DELETE SET NULL,
    CHECK (status IN ('heard', 'looking', 'trying', 'tried_stopped', 'done', 'not_now', 'not_ours'))
);
CREATE INDEX "idea_proposer_id" ON "idea" ("proposer_id");
CREATE INDEX "idea_theme_id" ON "idea" ("theme_id");
CREATE INDEX "idea_thread_id" ON "idea" ("thread_id");
CREATE INDEX "idea_owner_id" ON "idea" ("owner_id");
CREATE INDEX "idea_status" ON "idea" ("status");
CREATE UNIQUE INDEX "idea_proposer_id_nonce" ON "idea" ("proposer_id", "nonce");

CREATE TABLE "change" (
    "id" {ID},
    "title" TEXT NOT NULL,
    "slug" TEXT NOT NULL,
    "you_said" TEXT NOT NULL,
    "we_did" TEXT NOT NULL,
    "because" TEXT NOT NULL,
    "what_next" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "team" TEXT NOT NULL,
    "carers_decided" TEXT NOT NULL,
    "idea_id" BIGINT,
    "by_id" BIGINT NOT NULL,
    "published_at" {AT} NOT NULL,
    "updated_at" {AT},
    "nonce" TEXT,
    FOREIGN KEY ("idea_id") REFERENCES "idea" ("id") ON DELETE SET NULL,
    FOREIGN KEY ("by_id") REFERENCES "member" ("id") ON DELETE RESTRICT,
    CHECK (status IN ('heard', 'looking', 'trying', 'tried_stopped', 'done', 'not_now', 'not_ours'))
);
CREATE INDEX "change_status" ON "change" ("status");
CREATE INDEX "change_idea_id" ON "change" ("idea_id");
CREATE INDEX "change_by_id" ON "change" ("by_id");
CREATE INDEX "change_published_at" ON "change" ("published_at");
CREATE UNIQUE INDEX "change_by_id_nonce" ON "change" ("by_id", "nonce");

CREATE TABLE "insight" (
    "id" {ID},
    "kind" TEXT NOT NULL,
    "memo" TEXT NOT NULL,
    "by_id" BIGINT NOT NULL,
    "made_at" {AT} NOT NULL,
    "nonce" TEXT,
    FOREIGN KEY ("by_id") REFERENCES "member" ("id") ON DELETE RESTRICT,
    CHECK (kind IN ('worry', 'struggle', 'solution', 'idea', 'thanks'))
);
CREATE INDEX "insight_by_id" ON "insight" ("by_id");
CREATE INDEX "insight_made_at" ON "insight" ("made_at");
CREATE UNIQUE INDEX "insight_by_id_nonce" ON "insight" ("by_id", "nonce");

CREATE TABLE "excerpt" (
    "id" {ID},
    "insight_id" BIGINT NOT NULL,
    "post_id" BIGINT,
    "member_id" BIGINT NOT NULL,
    "by_id" BIGINT NOT NULL,
    "words" TEXT,
    "prefix" TEXT NOT NULL,
    "suffix" TEXT NOT NULL,
    "start" BIGINT NOT NULL,
    "end" BIGINT NOT NULL,
    "revision" BIGINT NOT NULL,
    "paraphrase" TEXT NOT NULL,
    "checked_by_id" BIGINT,
    "checked_at" {AT},
    "consent" TEXT NOT NULL,
    "consent_at" {AT},
    "by_setting" {YES} NOT NULL,
    "correction" TEXT NOT NULL,
    "made_at" {AT} NOT NULL,
    "drifted_at" {AT},
    FOREIGN KEY ("insight_id") REFERENCES "insight" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("post_id") REFERENCES "post" ("id") ON DELETE SET NULL,
    FOREIGN KEY ("member_id") REFERENCES "member" ("id") ON DELETE RESTRICT,
    FOREIGN KEY ("by_id") REFERENCES "member" ("id") ON DELETE RESTRICT,
    FOREIGN KEY ("checked_by_id") REFERENCES "member" ("id") ON DELETE SET NULL,
    CHECK (consent IN ('not_asked', 'asked', 'named', 'unnamed', 'refused', 'withdrawn')),
    CHECK (start >= 0 AND "end" >= start),
    CHECK (words IS NOT NULL OR consent IN ('refused', 'withdrawn')),
    CHECK ((checked_at IS NULL) OR (checked_by_id IS NOT NULL))
);
CREATE INDEX "excerpt_insight_id" ON "excerpt" ("insight_id");
CREATE INDEX "excerpt_post_id" ON "excerpt" ("post_id");
CREATE INDEX "excerpt_member_id" ON "excerpt" ("member_id");
CREATE INDEX "excerpt_by_id" ON "excerpt" ("by_id");
CREATE INDEX "excerpt_checked_by_id" ON "excerpt" ("checked_by_id");

CREATE TABLE "change_quote" (
    "id" {ID},
    "change_id" BIGINT NOT NULL,
    "excerpt_id" BIGINT NOT NULL,
    "position" BIGINT NOT NULL,
    FOREIGN KEY ("change_id") REFERENCES "change" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("excerpt_id") REFERENCES "excerpt" ("id") ON DELETE CASCADE
);
CREATE INDEX "change_quote_change_id" ON "change_quote" ("change_id");
CREATE INDEX "change_quote_excerpt_id" ON "change_quote" ("excerpt_id");
CREATE UNIQUE INDEX "change_quote_change_id_excerpt_id" ON "change_quote" ("change_id", "excerpt_id");

CREATE TABLE "change_step" (
    "id" {ID},
    "change_id" BIGINT NOT NULL,
    "status" TEXT NOT NULL,
    "we_did" TEXT NOT NULL,
    "by_id" BIGINT,
    "at" {AT} NOT NULL,
    FOREIGN KEY ("change_id") REFERENCES "change" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("by_id") REFERENCES "member" ("id") ON DELETE SET NULL
);
CREATE INDEX "change_step_change_id" ON "change_step" ("change_id");
CREATE INDEX "change_step_by_id" ON "change_step" ("by_id");

CREATE TABLE "change_thread" (
    "id" {ID},
    "change_id" BIGINT NOT NULL,
    "thread_id" BIGINT NOT NULL,
    FOREIGN KEY ("change_id") REFERENCES "change" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("thread_id") REFERENCES "thread" ("id") ON DELETE CASCADE
);
CREATE INDEX "change_thread_change_id" ON "change_thread" ("change_id");
CREATE INDEX "change_thread_thread_id" ON "change_thread" ("thread_id");
CREATE UNIQUE INDEX "change_thread_change_id_thread_id" ON "change_thread" ("change_id", "thread_id");

CREATE TABLE "chore" (
    "id" {ID},
    "name" TEXT NOT NULL,
    "due_at" {AT} NOT NULL
);
CREATE UNIQUE INDEX "chore_name" ON "chore" ("name");

CREATE TABLE "code" (
    "id" {ID},
    "parent_id" BIGINT,
    "name" TEXT NOT NULL,
    "description" TEXT NOT NULL,
    FOREIGN KEY ("parent_id") REFERENCES "code" ("id") ON DELETE RESTRICT
);
CREATE INDEX "code_parent_id" ON "code" ("parent_id");
CREATE UNIQUE INDEX "code_parent_id_name" ON "code" ("parent_id", "name");

CREATE TABLE "crisis_alert" (
    "id" {ID},
    "member_id" BIGINT,
    "post_id" BIGINT,
    "at" {AT} NOT NULL,
    "seen_at" {AT},
    "seen_by_id" BIGINT,
    FOREIGN KEY ("member_id") REFERENCES "member" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("post_id") REFERENCES "post" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("seen_by_id") REFERENCES "member" ("id") ON DELETE SET NULL,
    CHECK ((seen_at IS NULL) = (seen_by_id IS NULL))
);
CREATE INDEX "crisis_alert_member_id" ON "crisis_alert" ("member_id");
CREATE INDEX "crisis_alert_post_id" ON "crisis_alert" ("post_id");
CREATE INDEX "crisis_alert_at" ON "crisis_alert" ("at");
CREATE INDEX "crisis_alert_seen_by_id" ON "crisis_alert" ("seen_by_id");

CREATE TABLE "cuppa" (
    "id" {ID},
    "kind" TEXT NOT NULL,
    "title" TEXT NOT NULL,
    "slug" TEXT NOT NULL,
    "why" TEXT NOT NULL,
    "host_id" BIGINT NOT NULL,
    "thread_id" BIGINT,
    "theme_id" BIGINT,
    "from_thread_id" BIGINT,
    "starts_at" {AT} NOT NULL,
    "local_start" TEXT NOT NULL,
    "time_zone" TEXT NOT NULL,
    "minutes" BIGINT NOT NULL,
    "seats" BIGINT,
    "can_change" TEXT NOT NULL,
    "cannot_change" TEXT NOT NULL,
    "who_decides" TEXT NOT NULL,
    "hear_by" TEXT NOT NULL,
    "recognition" TEXT NOT NULL,
    "recognition_words" TEXT NOT NULL,
    "house_rules" TEXT NOT NULL,
    "made_at" {AT} NOT NULL,
    "published_at" {AT},
    "notice_from" {AT},
    "cancelled_at" {AT},
    "cancelled_by_id" BIGINT,
    "cancel_reason" TEXT NOT NULL,
    "sequence" BIGINT NOT NULL,
    "nonce" TEXT,
    FOREIGN KEY ("host_id") REFERENCES "member" ("id") ON DELETE RESTRICT,
    FOREIGN KEY ("thread_id") REFERENCES "thread" ("id") ON DELETE RESTRICT,
    FOREIGN KEY ("theme_id") REFERENCES "theme" ("id") ON DELETE SET NULL,
    FOREIGN KEY ("from_thread_id") REFERENCES "thread" ("id") ON DELETE SET NULL,
    FOREIGN KEY ("cancelled_by_id") REFERENCES "member" ("id") ON DELETE SET NULL,
    CHECK (kind IN ('chat', 'focus', 'imagine')),
    CHECK (recognition IN ('thanks', 'voucher', 'payment', 'expenses', 'time_credit')),
    CHECK (minutes BETWEEN 10 AND 240),
    CHECK (seats IS NULL OR seats BETWEEN 2 AND 60),
    CHECK ((published_at IS NULL) OR (notice_from IS NOT NULL AND thread_id IS NOT NULL)),
    CHECK ((cancelled_at IS NULL) = (cancelled_by_id IS NULL))
);
CREATE INDEX "cuppa_host_id" ON "cuppa" ("host_id");
CREATE UNIQUE INDEX "cuppa_thread_id" ON "cuppa" ("thread_id");
CREATE INDEX "cuppa_theme_id" ON "cuppa" ("theme_id");
CREATE INDEX "cuppa_from_thread_id" ON "cuppa" ("from_thread_id");
CREATE INDEX "cuppa_starts_at" ON "cuppa" ("starts_at");
CREATE INDEX "cuppa_cancelled_by_id" ON "cuppa" ("cancelled_by_id");
CREATE UNIQUE INDEX "cuppa_host_id_nonce" ON "cuppa" ("host_id", "nonce");

CREATE TABLE "draft" (
    "id" {ID},
    "member_id" BIGINT NOT NULL,
    "place" TEXT NOT NULL,
    "title" TEXT NOT NULL,
    "source" TEXT NOT NULL,
    "version" BIGINT NOT NULL,
    "saved_at" {AT} NOT NULL,
    FOREIGN KEY ("member_id") REFERENCES "member" ("id") ON DELETE CASCADE
);
CREATE INDEX "draft_member_id" ON "draft" ("member_id");
CREATE UNIQUE INDEX "draft_member_id_place" ON "draft" ("member_id", "place");

CREATE TABLE "earlier_words" (
    "id" {ID},
    "thread_id" BIGINT NOT NULL,
    "member_id" BIGINT NOT NULL,
    "agreed_at" {AT} NOT NULL,
    FOREIGN KEY ("thread_id") REFERENCES "thread" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("member_id") REFERENCES "member" ("id") ON DELETE CASCADE
);
CREATE INDEX "earlier_words_thread_id" ON "earlier_words" ("thread_id");
CREATE INDEX "earlier_words_member_id" ON "earlier_words" ("member_id");
CREATE UNIQUE INDEX "earlier_words_thread_id_member_id" ON "earlier_words" ("thread_id", "member_id");

CREATE TABLE "event" (
    "id" {ID},
    "kind" TEXT NOT NULL,
    "version" BIGINT NOT NULL,
    "subject_kind" TEXT NOT NULL,
    "subject_id" BIGINT NOT NULL,
    "actor_id" BIGINT,
    "channel" TEXT NOT NULL,
    "ids" TEXT NOT NULL,
    "at" {AT} NOT NULL,
    "spread_at" {AT}
);
CREATE INDEX "event_at" ON "event" ("at");
CREATE INDEX "event_channel_id" ON "event" ("channel", "id");
CREATE INDEX "event_unspread" ON "event" ("id") WHERE ("spread_at" IS NULL);

CREATE TABLE "follow" (
    "id" {ID},
    "member_id" BIGINT NOT NULL,
    "thread_id" BIGINT NOT NULL,
    "since" {AT} NOT NULL,
    "muted_at" {AT},
    FOREIGN KEY ("member_id") REFERENCES "member" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("thread_id") REFERENCES "thread" ("id") ON DELETE CASCADE
);
CREATE INDEX "follow_member_id" ON "follow" ("member_id");
CREATE INDEX "follow_thread_id" ON "follow" ("thread_id");
CREATE UNIQUE INDEX "follow_thread_id_member_id" ON "follow" ("thread_id", "member_id");
CREATE INDEX "follow_member_id_thread_id" ON "follow" ("member_id", "thread_id");

CREATE TABLE "group_member" (
    "id" {ID},
    "group_id" BIGINT NOT NULL,
    "member_id" BIGINT NOT NULL,
    "joined_at" {AT} NOT NULL,
    FOREIGN KEY ("group_id") REFERENCES "member_group" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("member_id") REFERENCES "member" ("id") ON DELETE CASCADE
);
CREATE INDEX "group_member_group_id" ON "group_member" ("group_id");
CREATE INDEX "group_member_member_id" ON "group_member" ("member_id");
CREATE UNIQUE INDEX "group_member_group_id_member_id" ON "group_member" ("group_id", "member_id");

CREATE TABLE "hours" (
    "id" {ID},
    "weekday" BIGINT NOT NULL,
    "opens" BIGINT NOT NULL,
    "closes" BIGINT NOT NULL,
    CHECK (weekday BETWEEN 0 AND 6),
    CHECK (opens >= 0 AND closes > opens AND closes <= 1440)
);

CREATE TABLE "idea_step" (
    "id" {ID},
    "idea_id" BIGINT NOT NULL,
    "by_id" BIGINT,
    "status" TEXT NOT NULL,
    "words" TEXT NOT NULL,
    "promised_for" DATE,
    "at" {AT} NOT NULL,
    FOREIGN KEY ("idea_id") REFERENCES "idea" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("by_id") REFERENCES "member" ("id") ON DELETE SET NULL,
    CHECK (status IN ('heard', 'looking', 'trying', 'tried_stopped', 'done', 'not_now', 'not_ours'))
);
CREATE INDEX "idea_step_idea_id" ON "idea_step" ("idea_id");
CREATE INDEX "idea_step_by_id" ON "idea_step" ("by_id");

CREATE TABLE "imported_thing" (
    "id" {ID},
    "source" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "foreign_id" TEXT NOT NULL,
    "local_id" BIGINT NOT NULL
);
CREATE UNIQUE INDEX "imported_thing_source_kind_foreign_id" ON "imported_thing" ("source", "kind", "foreign_id");
CREATE INDEX "imported_thing_kind_local_id" ON "imported_thing" ("kind", "local_id");

CREATE TABLE "import_run" (
    "id" {ID},
    "source" TEXT NOT NULL,
    "started_at" {AT} NOT NULL,
    "finished_at" {AT},
    "topics" BIGINT NOT NULL,
    "posts" BIGINT NOT NULL,
    "skipped" BIGINT NOT NULL
);

CREATE TABLE "import_skip" (
    "id" {ID},
    "run_id" BIGINT NOT NULL,
    "path" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    FOREIGN KEY ("run_id") REFERENCES "import_run" ("id") ON DELETE CASCADE
);
CREATE INDEX "import_skip_run_id" ON "import_skip" ("run_id");

CREATE TABLE "insight_code" (
    "id" {ID},
    "insight_id" BIGINT NOT NULL,
    "code_id" BIGINT NOT NULL,
    FOREIGN KEY ("insight_id") REFERENCES "insight" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("code_id") REFERENCES "code" ("id") ON DELETE CASCADE
);
CREATE INDEX "insight_code_insight_id" ON "insight_code" ("insight_id");
CREATE INDEX "insight_code_code_id" ON "insight_code" ("code_id");
CREATE UNIQUE INDEX "insight_code_insight_id_code_id" ON "insight_code" ("insight_id", "code_id");

CREATE TABLE "invitation" (
    "id" {ID},
    "cuppa_id" BIGINT NOT NULL,
    "member_id" BIGINT NOT NULL,
    "invited_at" {AT},
    "answer" TEXT,
    "answered_at" {AT},
    "seated_at" {AT},
    "waiting_since" {AT},
    "check_on_me" {YES} NOT NULL,
    FOREIGN KEY ("cuppa_id") REFERENCES "cuppa" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("member_id") REFERENCES "member" ("id") ON DELETE CASCADE,
    CHECK (answer IS NULL OR answer IN ('hope_to', 'may_drop_in', 'may_vanish', 'not_this_time')),
    CHECK ((answer IS NULL) = (answered_at IS NULL)),
    CHECK (seated_at IS NULL OR waiting_since IS NULL),
    CHECK (answer IS NOT NULL OR (seated_at IS NULL AND waiting_since IS NULL))
);
CREATE INDEX "invitation_cuppa_id" ON "invitation" ("cuppa_id");
CREATE INDEX "invitation_member_id" ON "invitation" ("member_id");
CREATE UNIQUE INDEX "invitation_cuppa_id_member_id" ON "invitation" ("cuppa_id", "member_id");

CREATE TABLE "prompt" (
    "id" {ID},
    "cuppa_id" BIGINT NOT NULL,
    "position" BIGINT NOT NULL,
    "words" TEXT NOT NULL,
    "changed_at" {AT} NOT NULL,
    FOREIGN KEY ("cuppa_id") REFERENCES "cuppa" ("id") ON DELETE CASCADE
);
CREATE INDEX "prompt_cuppa_id" ON "prompt" ("cuppa_id");
CREATE UNIQUE INDEX "prompt_cuppa_id_position" ON "prompt" ("cuppa_id", "position");

CREATE TABLE "jotting" (
    "id" {ID},
    "prompt_id" BIGINT NOT NULL,
    "member_id" BIGINT NOT NULL,
    "words" TEXT NOT NULL,
    "saved_at" {AT} NOT NULL,
    "posted_at" {AT},
    FOREIGN KEY ("prompt_id") REFERENCES "prompt" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("member_id") REFERENCES "member" ("id") ON DELETE CASCADE
);
CREATE INDEX "jotting_prompt_id" ON "jotting" ("prompt_id");
CREATE INDEX "jotting_member_id" ON "jotting" ("member_id");
CREATE UNIQUE INDEX "jotting_prompt_id_member_id" ON "jotting" ("prompt_id", "member_id");

CREATE TABLE "letter" (
    "id" {ID},
    "key" TEXT NOT NULL,
    "member_id" BIGINT,
    "to_address" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "text" TEXT NOT NULL,
    "html" TEXT NOT NULL,
    "calendar" TEXT NOT NULL,
    "calendar_method" TEXT NOT NULL,
    "message_id" TEXT NOT NULL,
    "thread_ref" TEXT NOT NULL,
    "unsubscribe" TEXT NOT NULL,
    "made_at" {AT} NOT NULL,
    "sent_at" {AT},
    FOREIGN KEY ("member_id") REFERENCES "member" ("id") ON DELETE CASCADE
);
CREATE UNIQUE INDEX "letter_key" ON "letter" ("key");
CREATE INDEX "letter_member_id" ON "letter" ("member_id");
CREATE UNIQUE INDEX "letter_message_id" ON "letter" ("message_id");

CREATE TABLE "link" (
    "id" {ID},
    "member_id" BIGINT NOT NULL,
    "purpose" TEXT NOT NULL,
    "email" TEXT NOT NULL,
    "next_path" TEXT NOT NULL,
    "made_at" {AT} NOT NULL,
    "expires_at" {AT} NOT NULL,
    "used_at" {AT},
    "press_digest" TEXT NOT NULL,
    "browser_digest" TEXT NOT NULL,
    FOREIGN KEY ("member_id") REFERENCES "member" ("id") ON DELETE CASCADE,
    CHECK (purpose IN ('confirm', 'sign_in', 'already_here', 'reset', 'new_address'))
);
CREATE INDEX "link_member_id" ON "link" ("member_id");

CREATE TABLE "listening_mark" (
    "id" {ID},
    "thread_id" BIGINT NOT NULL,
    "by_id" BIGINT NOT NULL,
    "purpose" TEXT NOT NULL,
    "can_change" TEXT NOT NULL,
    "cannot_change" TEXT NOT NULL,
    "who_decides" TEXT NOT NULL,
    "hear_by" TEXT NOT NULL,
    "since" {AT} NOT NULL,
    "ended_at" {AT},
    FOREIGN KEY ("thread_id") REFERENCES "thread" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("by_id") REFERENCES "member" ("id") ON DELETE RESTRICT
);
CREATE UNIQUE INDEX "listening_mark_thread_id" ON "listening_mark" ("thread_id");
CREATE INDEX "listening_mark_by_id" ON "listening_mark" ("by_id");

CREATE TABLE "mention" (
    "id" {ID},
    "post_id" BIGINT NOT NULL,
    "member_id" BIGINT NOT NULL,
    FOREIGN KEY ("post_id") REFERENCES "post" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("member_id") REFERENCES "member" ("id") ON DELETE CASCADE
);
CREATE INDEX "mention_post_id" ON "mention" ("post_id");
CREATE INDEX "mention_member_id" ON "mention" ("member_id");
CREATE UNIQUE INDEX "mention_post_id_member_id" ON "mention" ("post_id", "member_id");

CREATE TABLE "notice" (
    "id" {ID},
    "member_id" BIGINT NOT NULL,
    "event_id" BIGINT NOT NULL,
    "kind" TEXT NOT NULL,
    "actor_id" BIGINT,
    "about" TEXT NOT NULL,
    "path" TEXT NOT NULL,
    "at" {AT} NOT NULL,
    "read_at" {AT},
    FOREIGN KEY ("member_id") REFERENCES "member" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("actor_id") REFERENCES "member" ("id") ON DELETE CASCADE
);
CREATE INDEX "notice_member_id" ON "notice" ("member_id");
CREATE INDEX "notice_actor_id" ON "notice" ("actor_id");
CREATE UNIQUE INDEX "notice_member_id_event_id_kind" ON "notice" ("member_id", "event_id", "kind");
CREATE INDEX "notice_member_id_id" ON "notice" ("member_id", "id");
CREATE INDEX "notice_unread" ON "notice" ("member_id") WHERE ("read_at" IS NULL);

CREATE TABLE "offline_voice" (
    "id" {ID},
    "source" TEXT NOT NULL,
    "said_by" TEXT NOT NULL,
    "words" TEXT NOT NULL,
    "consent" TEXT NOT NULL,
    "insight_id" BIGINT NOT NULL,
    "by_id" BIGINT NOT NULL,
    "at" {AT} NOT NULL,
    FOREIGN KEY ("insight_id") REFERENCES "insight" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("by_id") REFERENCES "member" ("id") ON DELETE RESTRICT,
    CHECK (source IN ('phone', 'letter', 'person')),
    CHECK (consent IN ('named', 'unnamed', 'refused'))
);
CREATE INDEX "offline_voice_insight_id" ON "offline_voice" ("insight_id");
CREATE INDEX "offline_voice_by_id" ON "offline_voice" ("by_id");

CREATE TABLE "post_revision" (
    "id" {ID},
    "post_id" BIGINT NOT NULL,
    "revision" BIGINT NOT NULL,
    "source" TEXT NOT NULL,
    "editor_id" BIGINT NOT NULL,
    "replaced_at" {AT} NOT NULL,
    FOREIGN KEY ("post_id") REFERENCES "post" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("editor_id") REFERENCES "member" ("id") ON DELETE RESTRICT
);
CREATE INDEX "post_revision_post_id" ON "post_revision" ("post_id");
CREATE INDEX "post_revision_editor_id" ON "post_revision" ("editor_id");
CREATE UNIQUE INDEX "post_revision_post_id_revision" ON "post_revision" ("post_id", "revision");

CREATE TABLE "reaction" (
    "id" {ID},
    "post_id" BIGINT NOT NULL,
    "member_id" BIGINT NOT NULL,
    "kind" TEXT NOT NULL,
    "at" {AT} NOT NULL,
    FOREIGN KEY ("post_id") REFERENCES "post" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("member_id") REFERENCES "member" ("id") ON DELETE CASCADE,
    CHECK (kind IN ('hug', 'been_there', 'thinking_of_you', 'helpful', 'thank_you'))
);
CREATE INDEX "reaction_post_id" ON "reaction" ("post_id");
CREATE INDEX "reaction_member_id" ON "reaction" ("member_id");
CREATE UNIQUE INDEX "reaction_post_id_member_id_kind" ON "reaction" ("post_id", "member_id", "kind");

CREATE TABLE "reading_mark" (
    "id" {ID},
    "member_id" BIGINT NOT NULL,
    "thread_id" BIGINT NOT NULL,
    "number" BIGINT NOT NULL,
    "at" {AT} NOT NULL,
    FOREIGN KEY ("member_id") REFERENCES "member" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("thread_id") REFERENCES "thread" ("id") ON DELETE CASCADE
);
CREATE INDEX "reading_mark_member_id" ON "reading_mark" ("member_id");
CREATE INDEX "reading_mark_thread_id" ON "reading_mark" ("thread_id");
CREATE UNIQUE INDEX "reading_mark_member_id_thread_id" ON "reading_mark" ("member_id", "thread_id");

CREATE TABLE "report" (
    "id" {ID},
    "case_id" BIGINT NOT NULL,
    "reporter_id" BIGINT,
    "reason" TEXT NOT NULL,
    "words" TEXT NOT NULL,
    "snapshot" TEXT,
    "snapshot_revision" BIGINT,
    "at" {AT} NOT NULL,
    FOREIGN KEY ("case_id") REFERENCES "safety_case" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("reporter_id") REFERENCES "member" ("id") ON DELETE SET NULL,
    CHECK (reason IN ('unkind', 'unsafe', 'private', 'advert', 'illegal', 'worried', 'other'))
);
CREATE INDEX "report_case_id" ON "report" ("case_id");
CREATE INDEX "report_reporter_id" ON "report" ("reporter_id");

CREATE TABLE "search_entry" (
    "id" {ID},
    "kind" TEXT NOT NULL,
    "ref" BIGINT NOT NULL,
    "thread_id" BIGINT,
    "visibility" TEXT NOT NULL,
    "title" TEXT NOT NULL,
    "body" TEXT NOT NULL,
    "at" {AT} NOT NULL
);
CREATE INDEX "search_entry_thread_id" ON "search_entry" ("thread_id");
CREATE UNIQUE INDEX "search_entry_kind_ref" ON "search_entry" ("kind", "ref");

CREATE TABLE "session" (
    "id" {ID},
    "member_id" BIGINT NOT NULL,
    "token_digest" TEXT NOT NULL,
    "device" TEXT NOT NULL,
    "started_at" {AT} NOT NULL,
    "seen_at" {AT} NOT NULL,
    "expires_at" {AT} NOT NULL,
    "ended_at" {AT},
    FOREIGN KEY ("member_id") REFERENCES "member" ("id") ON DELETE CASCADE
);
CREATE INDEX "session_member_id" ON "session" ("member_id");
CREATE UNIQUE INDEX "session_token_digest" ON "session" ("token_digest");

CREATE TABLE "summary" (
    "id" {ID},
    "cuppa_id" BIGINT NOT NULL,
    "by_id" BIGINT NOT NULL,
    "source" TEXT NOT NULL,
    "html" TEXT NOT NULL,
    "renderer" BIGINT NOT NULL,
    "sent_at" {AT} NOT NULL,
    FOREIGN KEY ("cuppa_id") REFERENCES "cuppa" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("by_id") REFERENCES "member" ("id") ON DELETE RESTRICT
);
CREATE UNIQUE INDEX "summary_cuppa_id" ON "summary" ("cuppa_id");
CREATE INDEX "summary_by_id" ON "summary" ("by_id");

CREATE TABLE "summary_answer" (
    "id" {ID},
    "summary_id" BIGINT NOT NULL,
    "member_id" BIGINT NOT NULL,
    "heard_right" {YES} NOT NULL,
    "words" TEXT NOT NULL,
    "at" {AT} NOT NULL,
    FOREIGN KEY ("summary_id") REFERENCES "summary" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("member_id") REFERENCES "member" ("id") ON DELETE CASCADE
);
CREATE INDEX "summary_answer_summary_id" ON "summary_answer" ("summary_id");
CREATE INDEX "summary_answer_member_id" ON "summary_answer" ("member_id");
CREATE UNIQUE INDEX "summary_answer_summary_id_member_id" ON "summary_answer" ("summary_id", "member_id");

CREATE TABLE "theme_insight" (
    "id" {ID},
    "theme_id" BIGINT NOT NULL,
    "insight_id" BIGINT NOT NULL,
    "at" {AT} NOT NULL,
    FOREIGN KEY ("theme_id") REFERENCES "theme" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("insight_id") REFERENCES "insight" ("id") ON DELETE CASCADE
);
CREATE INDEX "theme_insight_theme_id" ON "theme_insight" ("theme_id");
CREATE INDEX "theme_insight_insight_id" ON "theme_insight" ("insight_id");
CREATE UNIQUE INDEX "theme_insight_theme_id_insight_id" ON "theme_insight" ("theme_id", "insight_id");

CREATE TABLE "todo" (
    "id" {ID},
    "event_id" BIGINT NOT NULL,
    "reaction" TEXT NOT NULL,
    "due_at" {AT} NOT NULL,
    "claimed_until" {AT},
    "attempts" BIGINT NOT NULL,
    "cursor" TEXT NOT NULL,
    "done_at" {AT},
    "trouble" TEXT NOT NULL,
    FOREIGN KEY ("event_id") REFERENCES "event" ("id") ON DELETE CASCADE
);
CREATE INDEX "todo_event_id" ON "todo" ("event_id");
CREATE UNIQUE INDEX "todo_event_id_reaction" ON "todo" ("event_id", "reaction");
CREATE INDEX "todo_due" ON "todo" ("due_at") WHERE ("done_at" IS NULL);

CREATE TABLE "told" (
    "id" {ID},
    "change_id" BIGINT NOT NULL,
    "member_id" BIGINT NOT NULL,
    "because" TEXT NOT NULL,
    "told_at" {AT},
    "seen_at" {AT},
    "made_difference" TEXT,
    "answered_at" {AT},
    FOREIGN KEY ("change_id") REFERENCES "change" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("member_id") REFERENCES "member" ("id") ON DELETE CASCADE,
    CHECK (because IN ('words', 'idea', 'cuppa', 'post')),
    CHECK (made_difference IS NULL OR made_difference IN ('yes', 'a_little', 'no')),
    CHECK ((made_difference IS NULL) = (answered_at IS NULL))
);
CREATE INDEX "told_change_id" ON "told" ("change_id");
CREATE INDEX "told_member_id" ON "told" ("member_id");
CREATE UNIQUE INDEX "told_change_id_member_id" ON "told" ("change_id", "member_id");

"""

SEARCH_SQLITE = """
CREATE VIRTUAL TABLE search_entry_fts USING fts5(
    title, body, content='search_entry', content_rowid='id', tokenize='porter unicode61 remove_diacritics 2'
);
CREATE TRIGGER search_entry_added AFTER INSERT ON search_entry BEGIN
    INSERT INTO search_entry_fts (rowid, title, body) VALUES (new.id, new.title, new.body);
END;
CREATE TRIGGER search_entry_removed BEFORE DELETE ON search_entry BEGIN
    INSERT INTO search_entry_fts (search_entry_fts, rowid, title, body) VALUES ('delete', old.id, old.title, old.body);
END;
CREATE TRIGGER search_entry_changed AFTER UPDATE OF title, body ON search_entry BEGIN
    INSERT INTO search_entry_fts (search_entry_fts, rowid, title, body) VALUES ('delete', old.id, old.title, old.body);
    INSERT INTO search_entry_fts (rowid, title, body) VALUES (new.id, new.title, new.body);
END;
"""

SEARCH_POSTGRESQL = """
ALTER TABLE search_entry ADD COLUMN words tsvector GENERATED ALWAYS AS (
    setweight(to_tsvector('english', title), 'A') || setweight(to_tsvector('english', left(body, 200000)), 'B')
) STORED;
CREATE INDEX search_entry_words ON search_entry USING gin (words);
"""


def up(migrator, db):
    """Make every table, and the search beside it."""
    run(db, TABLES)
    run(db, sqlite=SEARCH_SQLITE, postgresql=SEARCH_POSTGRESQL)
