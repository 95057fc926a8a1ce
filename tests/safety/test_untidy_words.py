"""Whatever a browser sends in a moderators' form can be stored."""

from typing import Any

import pytest

from forum.errors import Invalid
from forum.members.actions import viewer_for
from forum.safety import actions
from forum.safety.models import Appeal, Case, CaseNote, Report, Suspension
from tests import factories

NUL = "not\x00 kind"


def test_reports_notes_reasons_and_appeals_lose_what_no_database_holds(stack: Any) -> None:
    writer, moderator = factories.a_member(), viewer_for(factories.a_member(role="moderator"))
    post = factories.a_post(author=writer)
    actions.report_post(viewer_for(factories.a_member()), post.id, reason="unkind", words=NUL)
    case = Case.get()
    actions.note_on_case(moderator, case.id, NUL)
    suspension = actions.suspend(moderator, writer.id, reason=NUL, until=None)
    actions.appeal(viewer_for(writer), words=NUL, suspension_id=suspension.id)
    actions.close_case(moderator, case.id, outcome=NUL)
    kept = [Report.get().words, CaseNote.get().words, Suspension.get().reason, Appeal.get().words, Case.get().outcome]
    assert kept == ["not kind"] * 5


@pytest.mark.parametrize("words", ["\x00", " \x00 "])
def test_a_reason_of_nothing_is_no_reason(stack: Any, words: str) -> None:
    moderator = viewer_for(factories.a_member(role="moderator"))
    with pytest.raises(Invalid):
        actions.suspend(moderator, factories.a_member().id, reason=words, until=None)
