"""And then? What follows each kind of event: the one table for the whole product."""

from datetime import timedelta

from forum import jobs
from forum.channels import jobs as channels
from forum.jobs import Periodic, Reaction

TABLE: dict[str, tuple[Reaction, ...]] = {
    "member.link_asked": (Reaction("send_link", channels.send_link),),
    "letter.written": (Reaction("send_letter", channels.send_letter),),
}

CHORES: tuple[Periodic, ...] = (Periodic("prune_events", jobs.prune, timedelta(days=1)),)
