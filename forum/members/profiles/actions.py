"""What members tell of themselves, and take back."""

from forum.access import Viewer, require
from forum.database import transaction
from forum.members.models import Member
from forum.members.profiles.forms import Told
from forum.members.profiles.models import Situation
from forum.text import _, to_html


def change_profile(viewer: Viewer, *, about: str, offers: str, would_like: str, care: str, care_audience: str) -> None:
    """Keep what a member says of themselves (`ProfileForm`)."""
    require(viewer.is_member, _("Please sign in first."))
    html = to_html(about) if about else None
    with transaction():
        Member.update(
            about=about, about_html=html, offers=offers, would_like=would_like, care=care, care_audience=care_audience
        ).where(Member.id == viewer.id).execute()


def tell_situation(viewer: Viewer, told: Told) -> None:
    """Keep what a member told of their caring situation (`read_situation`), in place of what they had told before."""
    require(viewer.is_member, _("Please sign in first."))
    rows = [
        {"member": viewer.id, "field": field, "value": value, "audience": audience}
        for field, (values, audience) in told.items()
        for value in values
    ]
    with transaction():
        member = Member.locked(viewer.id or 0)
        Situation.delete().where(Situation.member == member.id).execute()
        if rows:
            Situation.insert_many(rows).execute()


def forget(member_id: int) -> None:
    """Take away what a member who leaves told of their situation. Called inside the erasing transaction."""
    Situation.delete().where(Situation.member == member_id).execute()
