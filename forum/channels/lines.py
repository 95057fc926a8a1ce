"""What a notice says: kind -> a sentence with somebody in it, and the same when nobody in particular did it."""

from collections.abc import Sequence

from forum.text import Sentence, _, n_

# Rooms that tell of something new add a line here. %(who)s did it; %(about)s is a title.
WORDS: dict[str, tuple[Sentence, Sentence]] = {
    # talking
    "reply": (_("%(who)s wrote in “%(about)s”"), _("There is something new in “%(about)s”")),
    "mention": (_("%(who)s mentioned you in “%(about)s”"), _("You were mentioned in “%(about)s”")),
    "reaction": (
        _("%(who)s had a kind word for what you said in “%(about)s”"),
        _("There is a kind word for what you said in “%(about)s”"),
    ),
}
_OTHERWISE = (_("%(who)s has news about “%(about)s”"), _("There is news about “%(about)s”"))


def say(kind: str, names: Sequence[str], about: str) -> str:
    """Return the sentence for a notice. *names* are those who did it, the last one first; there may be none."""
    with_somebody, with_nobody = WORDS.get(kind, _OTHERWISE)
    sentence = with_somebody if names else with_nobody
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
