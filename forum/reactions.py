"""And then? What follows each kind of event: the one table for the whole product."""

from datetime import timedelta

from forum import jobs
from forum.channels import actions as letters
from forum.channels import change_letters, cuppa_letters, listening_notices, post_letters, safety_notices
from forum.channels import jobs as channels
from forum.jobs import Periodic, Reaction
from forum.listening import jobs as listening
from forum.listening.cuppas import jobs as cuppas
from forum.members import actions as members
from forum.members.moves import jobs as moves
from forum.safety import jobs as safety
from forum.threads import jobs as threads

TABLE: dict[str, tuple[Reaction, ...]] = {
    "member.link_asked": (Reaction("send_link", channels.send_link),),
    "address.asked": (
        Reaction("write_to_both_addresses", channels.write_to_both_addresses),
        Reaction("settle_move", moves.settle_move, due=moves.when_due),
    ),
    "address.moved": (Reaction("tell_old_address", channels.tell_old_address),),
    "codes.on": (Reaction("tell_of_codes_on", channels.tell_of_codes),),
    "codes.off": (Reaction("tell_of_codes_off", channels.tell_of_codes),),
    "member.left": (Reaction("take_back_quotes", threads.take_back_quotes),),
    "post.published": (
        Reaction("tell_of_post", post_letters.tell_of_post),
        Reaction("look_for_crisis", safety.look_for_crisis),
    ),
    "post.edited": (
        Reaction("tell_of_new_mentions", post_letters.tell_of_new_mentions),
        Reaction("look_for_crisis", safety.look_for_crisis),
        Reaction("follow_post", listening.follow_post),
    ),
    "post.signed": (Reaction("follow_post", listening.follow_post),),
    "name.taken": (Reaction("put_names_right", threads.put_names_right, due=threads.soon),),
    "post.withdrawn": (
        Reaction("take_back_quotes", threads.take_back_quotes),
        Reaction("follow_post", listening.follow_post),
    ),
    "post.reacted": (Reaction("tell_of_kind_word", post_letters.tell_of_kind_word),),
    "post.hidden": (
        Reaction("take_back_quotes", threads.take_back_quotes),
        Reaction("tell_writer_of_hiding", safety_notices.tell_writer_of_hiding),
    ),
    "post.shown": (Reaction("tell_writer_of_showing", safety_notices.tell_writer_of_showing),),
    "thread.hidden": (
        Reaction("take_back_quotes", threads.take_back_quotes),
        Reaction("tell_starter_of_hiding", safety_notices.tell_starter_of_hiding),
    ),
    "report.made": (Reaction("tell_moderators_of_report", safety_notices.tell_moderators_of_report),),
    "case.closed": (Reaction("tell_reporters", safety_notices.tell_reporters),),
    "member.suspended": (Reaction("tell_suspended", safety_notices.tell_suspended),),
    "member.unsuspended": (Reaction("tell_unsuspended", safety_notices.tell_unsuspended),),
    "appeal.made": (Reaction("tell_moderators_of_appeal", safety_notices.tell_moderators_of_appeal),),
    "appeal.answered": (Reaction("tell_appeal_answer", safety_notices.tell_appeal_answer),),
    "name.opening_asked": (Reaction("tell_moderators_of_asking", safety_notices.tell_moderators_of_asking),),
    "name.opened": (Reaction("tell_of_opened_name", safety_notices.tell_of_opened_name),),
    "crisis.noticed": (Reaction("tell_staff_of_crisis", safety_notices.tell_staff_of_crisis),),
    "listening.started": (Reaction("tell_of_listening", listening_notices.tell_of_listening),),
    "consent.asked": (Reaction("tell_of_consent_asked", listening_notices.tell_of_consent_asked),),
    "idea.stepped": (Reaction("tell_proposer", listening_notices.tell_proposer),),
    "cuppa.published": (
        Reaction("mind_the_door", cuppas.mind_the_door),
        Reaction("note_tomorrow", cuppas.note_tomorrow),
        Reaction("note_soon", cuppas.note_soon),
    ),
    "cuppa.changed": (
        Reaction("tell_of_cuppa_change", cuppa_letters.tell_of_change),
        Reaction("mind_the_door", cuppas.mind_the_door),
        Reaction("note_tomorrow", cuppas.note_tomorrow),
        Reaction("note_soon", cuppas.note_soon),
    ),
    "cuppa.cancelled": (
        Reaction("tell_of_cancelling", cuppa_letters.tell_of_cancelling),
        Reaction("mind_the_door", cuppas.mind_the_door),
    ),
    "cuppa.tomorrow": (Reaction("remind_of_tomorrow", cuppa_letters.remind_of_tomorrow),),
    "cuppa.soon": (Reaction("remind_of_soon", cuppa_letters.remind_of_soon),),
    "invitation.sent": (Reaction("send_invitation", cuppa_letters.send_invitation),),
    "invitation.answered": (Reaction("send_calendar", cuppa_letters.send_calendar),),
    "seat.freed": (Reaction("tell_of_seat", cuppa_letters.tell_of_seat),),
    "summary.sent": (Reaction("ask_about_summary", cuppa_letters.ask_about_summary),),
    "change.published": (Reaction("tell_of_change", change_letters.tell_of_change),),
    "change.quoted": (Reaction("tell_of_change", change_letters.tell_of_change),),
    "change.updated": (Reaction("tell_of_update", change_letters.tell_of_update),),
    "letter.written": (Reaction("send_letter", channels.send_letter),),
}

CHORES: tuple[Periodic, ...] = (
    Periodic("prune_events", jobs.prune, timedelta(days=1)),
    Periodic("clear_out_letters", letters.clear_out, timedelta(days=1)),
    Periodic("clear_out_places", members.clear_out, timedelta(days=1)),
)
