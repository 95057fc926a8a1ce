"""What a notice says: kind -> a sentence. Where somebody stands in it, a second one for when nobody in particular did."""

from collections.abc import Sequence

from forum.text import Sentence, _, n_

# Rooms that tell of something new add a line here. %(who)s did it; %(about)s is a title.
WORDS: dict[str, tuple[Sentence, Sentence] | Sentence] = {
    # talking
    "reply": (_("%(who)s wrote in “%(about)s”"), _("There is something new in “%(about)s”")),
    "mention": (_("%(who)s mentioned you in “%(about)s”"), _("You were mentioned in “%(about)s”")),
    "reaction": (
        _("%(who)s had a kind word for what you said in “%(about)s”"),
        _("There is a kind word for what you said in “%(about)s”"),
    ),
    # keeping it kind
    "report_made": _("Somebody told us about a problem"),
    "report_closed": _("We looked at what you told us. What came of it: %(about)s"),
    "post_hidden": _("We hid your post in “%(about)s”. See why, or ask us to look again"),
    "post_shown": _("Your post in “%(about)s” can be read again"),
    "thread_hidden": _("We hid the thread you started, “%(about)s”. See what you can do"),
    "suspended": _("Your place here is paused for now. See why, or ask us to look again"),
    "unsuspended": _("You can post again. Welcome back"),
    "appeal_made": _("Somebody asks us to look again"),
    "appeal_answered": _("We looked again, as you asked"),
    "appeal_won": _("We looked again, and have taken our decision back"),
    "name_asked": _("A moderator asks you to look at the opening of a name"),
    "name_opened": _(
        "Two moderators looked at who you are in “%(about)s”, because they were worried. Nobody else knows"
    ),
    "crisis": _("Somebody may need help now. Please look"),
    # listening
    "listening_started": (
        _("%(who)s is learning from “%(about)s” now. See what for"),
        _("We are learning from “%(about)s” now. See what for"),
    ),
    "consent_asked": _("May we use what you said in “%(about)s”? One tap answers"),
    "idea_stepped": _("Your idea “%(about)s” has moved on"),
    # cuppas
    "cuppa_invited": (
        _("%(who)s invites you to a cuppa: “%(about)s”"),
        _("You're invited to a cuppa: “%(about)s”"),
    ),
    "cuppa_seat_free": _("A seat is free for you at “%(about)s”"),
    "cuppa_changed": _("The cuppa “%(about)s” has a new time or new questions"),
    "cuppa_cancelled": _("We had to call off the cuppa “%(about)s”. We're sorry"),
    "cuppa_tomorrow": _("Your cuppa “%(about)s” is tomorrow"),
    "cuppa_soon": _("Your cuppa “%(about)s” begins within the hour"),
    "cuppa_summary": _("Did we hear you right at “%(about)s”?"),
    # answering
    "change_published": _("Because you spoke: “%(about)s”"),
    "change_updated": _("There is more to say about “%(about)s”"),
}
_OTHERWISE = (_("%(who)s has news about “%(about)s”"), _("There is news about “%(about)s”"))


def say(kind: str, names: Sequence[str], about: str) -> str:
    """Return the sentence for a notice. *names* are those who did it, the last one first; there may be none."""
    known = WORDS.get(kind, _OTHERWISE)
    sentence = known if isinstance(known, Sentence) else known[0 if names else 1]
    return str(_(sentence.message, who=who(names), about=about))


def who(names: Sequence[str]) -> str:
    """Return ``Jean``, ``Jean and Alun``, ``Jean, Alun and 3 others``."""
    if len(names) < 2:
        return names[0] if names else ""
    if len(names) == 2:
        return str(_("%(one)s and %(other)s", one=names[0], other=names[1]))
    more = len(names) - 2
    return str(
        n_(
            "%(one)s, %(other)s and %(n)s other",
            "%(one)s, %(other)s and %(n)s others",
            more,
            one=names[0],
            other=names[1],
        )
    )
