"""And then? What follows each kind of event: the one table for the whole product."""

from datetime import timedelta

from forum import jobs
from forum.channels import actions as letters
from forum.channels import jobs as channels
from forum.channels import post_letters
from forum.jobs import Periodic, Reaction
from forum.safety import jobs as safety

TABLE: dict[str, tuple[Reaction, ...]] = {
    "member.link_asked": (Reaction("send_link", channels.send_link),),
    "post.published": (
        Reaction("tell_of_post", post_letters.tell_of_post),
        Reaction("look_for_crisis", safety.look_for_crisis),
    ),
    "post.edited": (Reaction("look_for_crisis", safety.look_for_crisis),),
    "letter.written": (Reaction("send_letter", channels.send_letter),),
}

CHORES: tuple[Periodic, ...] = (
    Periodic("prune_events", jobs.prune, timedelta(days=1)),
    Periodic("clear_out_letters", letters.clear_out, timedelta(days=1)),
)
