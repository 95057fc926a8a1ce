"""What stands in the changelog, on its way from the form to the deed."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """What stands in the changelog: you said, we did, because, what next."""

    title: str
    you_said: str
    we_did: str
    because: str
    what_next: str
    status: str
    team: str = ""
    carers_decided: str = ""
