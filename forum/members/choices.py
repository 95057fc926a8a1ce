"""What a member may be or choose, and how we say it."""

from forum.text import _, n_

ROLES = ("member", "volunteer", "supporter", "moderator", "commissioner", "admin")
CARE = ("", "care", "draw_on_care", "both", "used_to")
WORDS = ("ask", "without_name", "with_name", "please_dont")
# The last one is no longer made: a move to another address is confirmed at both ends (`members.moves`).
PURPOSES = ("confirm", "sign_in", "already_here", "reset", "new_address")
ASKS_PER_MONTH = (0, 1, 2, 4, 8)
PAUSES = ("keep", "none", "1", "3", "12")

# The word beside somebody's name.
ROLE_WORDS = {
    "member": "",
    "volunteer": _("Volunteer"),
    "supporter": _("Supporter"),
    "moderator": _("Moderator"),
    "commissioner": _("Commissioner"),
    "admin": _("Administrator"),
}

CARE_WORDS = {
    "": _("I'd rather not say"),
    "care": _("I care for somebody"),
    "draw_on_care": _("I draw on care"),
    "both": _("Both"),
    "used_to": _("I used to care for somebody"),
}

# The same, said of somebody else.
CARE_OF_THEM = {
    "": "",
    "care": _("Cares for somebody"),
    "draw_on_care": _("Draws on care"),
    "both": _("Cares for somebody and draws on care"),
    "used_to": _("Used to care for somebody"),
}

# (what one chooses, what it means)
WORDS_WORDS = {
    "ask": (_("Ask me first"), _("We ask each time, and quote you only if you say yes.")),
    "without_name": (
        _("Fine without my name"),
        _("We may put it in other words. Nothing leads back to you."),
    ),
    "with_name": (_("Fine with my display name"), _("We may quote you, with the name you use here.")),
    "please_dont": (
        _("Please don't"),
        _("We never quote, note down or pass on what you say. You can still talk about anything."),
    ),
}


def role_words(role: str) -> str:
    """Return the word shown beside the name of somebody with *role*; members have none."""
    return ROLE_WORDS.get(role, "")


def asks_words(times: int) -> str:
    """Return how often *times* a month is, in words."""
    return n_("%(n)s time a month", "%(n)s times a month", times) if times else _("Never")


def pause_options(*, is_paused: bool) -> list[tuple[str, str]]:
    """Return the pauses one can choose between, with their words."""
    asked = [("1", _("A pause of one month")), ("3", _("A pause of three months")), ("12", _("A pause of a year"))]
    if is_paused:
        return [("keep", _("Keep my pause")), ("none", _("End my pause now")), *asked]
    return [("keep", _("No pause")), *asked]
