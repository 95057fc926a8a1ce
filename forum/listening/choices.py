"""What can be chosen in this room, and how we say it."""

from forum.text import _

INSIGHT_KINDS = ("worry", "struggle", "solution", "idea", "thanks")
CONSENT = ("not_asked", "asked", "named", "unnamed", "refused", "withdrawn")
# What somebody answers when we ask whether we may use their words.
ANSWERS = ("named", "unnamed", "refused")
IDEA_STATUSES = ("heard", "looking", "trying", "tried_stopped", "done", "not_now", "not_ours")
# With these an idea still waits for its answer, so a promise date stands.
OPEN_STATUSES = ("heard", "looking", "trying")
SOURCES = ("phone", "letter", "person")
VOICE_CONSENT = ("named", "unnamed", "refused")

# (word, what it is) - in the order of the keys 1 to 5.
KIND_WORDS = {
    "worry": (_("Worry"), _("what somebody is afraid of")),
    "struggle": (_("Struggle"), _("what is hard, or goes wrong")),
    "solution": (_("Solution"), _("what works for them")),
    "idea": (_("Idea"), _("what could be different")),
    "thanks": (_("Thanks"), _("what went well")),
}

# (the part's name for it, the sentence for staff)
CONSENT_WORDS = {
    "not_asked": ("inside", _("Not asked yet, so inside use only")),
    "asked": ("asked", _("Asked, no answer yet")),
    "named": ("yes", _("Yes, with their name")),
    "unnamed": ("yes", _("Yes, without their name")),
    "refused": ("no", _("They said no")),
    "withdrawn": ("withdrawn", _("Taken back")),
}

# The same, said to the one whose words they are.
MY_CONSENT_WORDS = {
    "not_asked": _("We haven't asked you, so only our team sees them."),
    "asked": _("We're asking you."),
    "named": _("You said yes, with your name."),
    "unnamed": _("You said yes, without your name."),
    "refused": _("You said no. We took them out of our notes."),
    "withdrawn": _("You took them back. We took them out of our notes."),
}

STATUS_WORDS = {
    "heard": _("Heard"),
    "looking": _("Looking into it"),
    "trying": _("Trying it"),
    "tried_stopped": _("Tried and stopped"),
    "done": _("Done"),
    "not_now": _("Not now"),
    "not_ours": _("Not ours"),
}

SOURCE_WORDS = {"phone": _("By phone"), "letter": _("In a letter"), "person": _("In person")}
VOICE_CONSENT_WORDS = {
    "unnamed": _("Fine without their name"),
    "named": _("Fine with the name above"),
    "refused": _("Only for our team"),
}
