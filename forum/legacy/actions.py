"""Answering in public, and telling the people whose words it came from."""

from collections.abc import Iterable

from forum import audit, events, search
from forum.access import Viewer, may_publish_change, require
from forum.clock import now
from forum.database import transaction
from forum.errors import Invalid, NotAllowed, NotFound
from forum.legacy.entry import Entry
from forum.legacy.models import Change, ChangeQuote, ChangeStep, ChangeThread, Told
from forum.listening import actions as listening
from forum.listening.choices import IDEA_STATUSES
from forum.listening.consent import actions as consent
from forum.listening.ideas.actions import step_idea
from forum.listening.ideas.queries import people_behind_idea
from forum.listening.models import Excerpt, Idea
from forum.members.models import Member
from forum.text import _, clean_line, slugify, tidy
from forum.threads import queries as conversations
from forum.threads.models import Post, Thread

LONGEST_TITLE = 150
LONGEST_WORDS = 4000
MOST_QUOTES = 6
NOT_YOURS = _("Only our staff can answer here. You can propose an idea.")
DIFFERENCES = ("yes", "a_little", "no")


def _facts(entry: Entry) -> dict[str, object]:
    """Return the columns of an entry. Raises Invalid with a sentence for each part that is missing or too long."""
    errors: dict[str, object] = {}
    title = clean_line(entry.title, LONGEST_TITLE)
    if not title:
        errors["title"] = _("Give it a title that says what changed.")
    parts = {name: tidy(getattr(entry, name)).strip() for name in ("you_said", "we_did", "because", "what_next")}
    if not parts["you_said"]:
        errors["you_said"] = _("Say in your own words what people told you.")
    if not parts["we_did"]:
        errors["we_did"] = _("Say what you did, or what you decided.")
    if entry.status not in IDEA_STATUSES:
        errors["status"] = _("Choose what became of it.")
    elif entry.status in {"not_now", "not_ours", "tried_stopped"} and not parts["because"]:
        errors["because"] = _("Say why. People can take a no when they know the reason.")
    for name, words in parts.items():
        if len(words) > LONGEST_WORDS:
            errors[name] = _("Please keep it under %(n)s letters.", n=LONGEST_WORDS)
    if errors:
        raise Invalid(errors=errors)
    return {
        **parts,
        "title": title,
        "slug": slugify(title),
        "status": entry.status,
        "team": clean_line(entry.team, 80),
        "carers_decided": clean_line(entry.carers_decided, 400),
    }


def publish_change(
    viewer: Viewer,
    entry: Entry,
    *,
    nonce: str,
    idea_id: int | None = None,
    excerpt_ids: Iterable[int] = (),
    thread_ids: Iterable[int] = (),
) -> Change:
    """Answer in public, write down who is to be told, and ask those quoted who have not been asked. Return the entry.

    A quotation shows only while `quotable_excerpts` allows it. The idea takes the entry's status. The same *nonce*
    returns the same entry. Raises Invalid, NotFound, NotAllowed."""
    require(may_publish_change(viewer), NOT_YOURS)
    facts = _facts(entry)
    excerpt_ids = list(excerpt_ids)
    with transaction():
        _hold_people(viewer, idea_id=idea_id, excerpt_ids=excerpt_ids)
        change, is_new = _new_change(viewer, facts, idea_id=idea_id, nonce=nonce)
        if not is_new:
            return change
        quoted = _set_quotes(change, excerpt_ids)
        _set_conversations(change, thread_ids)
        if idea_id is not None:
            for behind in people_behind_idea(idea_id):
                _owe(change, behind.member_id, because=behind.because)
        for excerpt in quoted:
            _owe(change, excerpt.member_id, because="words")
        consent.ask_consent(viewer, [excerpt.id for excerpt in quoted])
        if idea_id is not None:
            step_idea(viewer, idea_id, status=entry.status, words=str(facts["we_did"]))
        _announce(viewer, change)
        return change


def publish_small_fix(viewer: Viewer, post_id: int, entry: Entry, *, exact: str = "", nonce: str) -> Change:
    """Answer one post in public on one page: no theme, no promise date. Its writer is told.

    *exact* are words of the post to quote. They stand on the entry once their writer agrees and somebody has checked
    them; where the writer wants no words of theirs noted down, the entry goes out without. Raises Invalid, NotFound."""
    require(may_publish_change(viewer), NOT_YOURS)
    facts = _facts(entry)
    post = conversations.post(viewer, post_id)
    if post.html is None:
        raise NotFound
    with transaction():
        writer = next(row for row in Member.all_locked([viewer.id or 0, post.author_id]) if row.id == post.author_id)
        change, is_new = _new_change(viewer, facts, idea_id=None, nonce=nonce)
        if not is_new:
            return change
        if exact.strip():
            _quote_post(viewer, change, post_id, exact=exact, nonce=nonce)
        if writer.left_at is None:
            _owe(change, post.author_id, because="post")
        _set_conversations(change, [post.thread.id])
        _announce(viewer, change)
        return change


def _hold_people(viewer: Viewer, *, idea_id: int | None, excerpt_ids: Iterable[int]) -> None:
    """Hold everybody an entry concerns, before anything else is held: one of them may be leaving at this moment."""
    people = {viewer.id or 0, *(behind.member_id for behind in (people_behind_idea(idea_id) if idea_id else ()))}
    owners = Excerpt.select(Excerpt.member).where(Excerpt.id.in_(list(excerpt_ids))).tuples()
    Member.all_locked(people | {member_id for (member_id,) in owners})


def _quote_post(viewer: Viewer, change: Change, post_id: int, *, exact: str, nonce: str) -> None:
    try:
        insight = listening.make_insight(viewer, post_id=post_id, exact=exact, kind="solution", nonce=f"fix-{nonce}")
    except NotAllowed:
        return
    taken = [excerpt.id for excerpt in Excerpt.select(Excerpt.id).where(Excerpt.insight == insight.id)]
    _set_quotes(change, taken)
    consent.ask_consent(viewer, taken)


def _new_change(viewer: Viewer, facts: dict[str, object], *, idea_id: int | None, nonce: str) -> tuple[Change, bool]:
    before = Change.get_or_none(Change.by == viewer.id, Change.nonce == nonce)
    if before is not None:
        return before, False
    if idea_id is not None:
        Idea.locked(idea_id)
    return Change.create(**facts, idea=idea_id, by=viewer.id, published_at=now(), nonce=nonce), True


def _announce(viewer: Viewer, change: Change) -> None:
    _put_in_search(change)
    audit.note(viewer, "change.published", subject=change, reason=change.title)
    events.record("change.published", subject=change, actor=viewer, idea=change.idea_id)


def _put_in_search(change: Change) -> None:
    """What we say of it can be found; quotations stay out, because they may be taken back."""
    body = f"{change.you_said}\n{change.we_did}\n{change.because}\n{change.what_next}"
    search.put("change", change.id, visibility="public", title=change.title, body=body, at=change.published_at)


def _set_quotes(change: Change, excerpt_ids: Iterable[int]) -> list[Excerpt]:
    wanted = list(dict.fromkeys(excerpt_ids))[:MOST_QUOTES]
    found = {row.id: row for row in Excerpt.select().where(Excerpt.id.in_(wanted), Excerpt.words.is_null(False))}
    ChangeQuote.delete().where(ChangeQuote.change == change.id).execute()
    for position, excerpt_id in enumerate(id for id in wanted if id in found):
        ChangeQuote.create(change=change.id, excerpt=excerpt_id, position=position)
    return [found[id] for id in wanted if id in found]


def _set_conversations(change: Change, thread_ids: Iterable[int]) -> None:
    quoted = Post.select(Post.thread).join(Excerpt, on=(Excerpt.post == Post.id))
    quoted = quoted.join(ChangeQuote, on=(ChangeQuote.excerpt == Excerpt.id)).where(ChangeQuote.change == change.id)
    wanted = {*thread_ids, *(thread_id for (thread_id,) in quoted.tuples())}
    if change.idea_id is not None:
        from_idea = Idea.select(Idea.thread).where(Idea.id == change.idea_id).scalar()
        wanted |= {from_idea} if from_idea else set()
    for thread_id in sorted(wanted):
        if Thread.select().where(Thread.id == thread_id).exists():
            ChangeThread.insert(change=change.id, thread=thread_id).on_conflict_ignore().execute()


def _owe(change: Change, member_id: int, *, because: str) -> bool:
    """Write down that somebody is to be told, and say whether that is new; the first reason stays."""
    owed = Told.insert(change=change.id, member=member_id, because=because).on_conflict_ignore()
    return bool(owed.as_rowcount().execute())


def update_change(viewer: Viewer, change_id: int, entry: Entry, *, excerpt_ids: Iterable[int] | None = None) -> Change:
    """Change an entry. What it said before stays in its history, and a new status is news for those behind it.

    Whoever is quoted now and was not before is told as if it were published today."""
    require(may_publish_change(viewer), NOT_YOURS)
    facts = _facts(entry)
    chosen = list(excerpt_ids) if excerpt_ids is not None else []
    with transaction():
        _hold_people(viewer, idea_id=None, excerpt_ids=chosen)
        change = Change.locked(change_id)
        if change.idea_id is not None:
            Idea.locked(change.idea_id)
        is_news = (change.status, change.we_did) != (facts["status"], facts["we_did"])
        if is_news:
            ChangeStep.create(
                change=change.id,
                status=change.status,
                we_did=change.we_did,
                by=viewer.id,
                at=change.updated_at or change.published_at,
            )
        Change.update({**facts, "updated_at": now()}).where(Change.id == change_id).execute()
        changed = Change.fetch(change_id)
        newly_owed: list[bool] = []
        if excerpt_ids is not None:
            quoted = _set_quotes(changed, chosen)
            _set_conversations(changed, ())
            newly_owed = [_owe(changed, excerpt.member_id, because="words") for excerpt in quoted]
            consent.ask_consent(viewer, [excerpt.id for excerpt in quoted])
        if changed.idea_id is not None and change.status != changed.status:
            step_idea(viewer, changed.idea_id, status=changed.status, words=changed.we_did)
        _put_in_search(changed)
        audit.note(viewer, "change.updated", subject=changed, reason=changed.title)
        if is_news:
            events.record("change.updated", subject=changed, actor=viewer)
        if any(newly_owed):
            events.record("change.quoted", subject=changed, actor=viewer)
        return changed


# ---- your difference -----------------------------------------------------------------------------------------------


def mark_told(change_id: int, member_ids: Iterable[int]) -> None:
    """Write down that these members were told of a change."""
    with transaction():
        Told.update(told_at=now()).where(
            Told.change == change_id, Told.member.in_(list(member_ids)), Told.told_at.is_null()
        ).execute()


def see_difference(viewer: Viewer) -> None:
    """Write down that a member has seen what came of their words."""
    require(viewer.is_member, _("Please sign in first."))
    with transaction():
        Told.update(seen_at=now()).where(Told.member == viewer.id, Told.seen_at.is_null()).execute()


def answer_difference(viewer: Viewer, change_id: int, *, answer: str) -> None:
    """Say whether a change made a difference: ``yes``, ``a_little`` or ``no``. Raises NotFound for somebody else's."""
    with transaction():
        told = Told.get_or_none(Told.change == change_id, Told.member == (viewer.id or 0))
        if told is None:
            raise NotFound
        if answer not in DIFFERENCES:
            raise Invalid(errors={"answer": _("Choose one of the answers.")})
        moment = now()
        Told.update(
            made_difference=answer, answered_at=moment, seen_at=told.seen_at or moment, told_at=told.told_at or moment
        ).where(Told.id == told.id).execute()
        events.record("difference.answered", subject=("change", change_id), actor=viewer)


def forget_member(member_id: int) -> None:
    """Take a leaver out of who was told. Their quotations go with their excerpts. Called inside the erasing transaction."""
    Told.delete().where(Told.member == member_id).execute()
