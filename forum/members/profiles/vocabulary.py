"""What members may tell of their caring situation: few words, fixed, so that they can be counted."""

from collections.abc import Mapping
from dataclasses import dataclass

from forum.text import _

# Who learns of one thing that somebody told: nobody, only numbers, other members.
AUDIENCES = ("nobody", "counted", "members")

AUDIENCE_WORDS = {
    "nobody": _("Nobody: only I see it here"),
    "counted": _("Counted only: in numbers, never with my name"),
    "members": _("Members see it on my page"),
}


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that can be told. *asked* asks for it, *said* heads the answer on somebody's page.

    With *several*, more than one of its *options* may fit."""

    asked: object
    said: object
    options: Mapping[str, object]
    several: bool = False


FIELDS: dict[str, Field] = {
    "whom": Field(
        _("Whom do you care for?"),
        _("Cares for"),
        {
            "partner": _("Husband, wife or partner"),
            "parent": _("A parent or grandparent"),
            "child": _("A child"),
            "grown_child": _("A grown-up son or daughter"),
            "sibling": _("A brother or sister"),
            "relative": _("Somebody else in the family"),
            "friend": _("A friend or neighbour"),
        },
        several=True,
    ),
    "condition": Field(
        _("What do they live with?"),
        _("They live with"),
        {
            "dementia": _("Dementia"),
            "mental_health": _("A mental health problem"),
            "disability": _("A disability"),
            "learning": _("A learning disability or autism"),
            "illness": _("A long-term illness"),
            "substances": _("Alcohol or drugs"),
            "frailty": _("Getting old and frail"),
            "end_of_life": _("The end of life"),
        },
        several=True,
    ),
    "since": Field(
        _("When did it begin?"),
        _("Since"),
        {
            "2026": _("2026 or later"),
            "2024": _("2024 or 2025"),
            "2020": _("2020 to 2023"),
            "2010": _("2010 to 2019"),
            "2000": _("2000 to 2009"),
            "earlier": _("Before 2000"),
        },
    ),
    "distance": Field(
        _("How near are you?"),
        _("Near or far"),
        {
            "together": _("We live together"),
            "near": _("Near by"),
            "far": _("An hour away or more"),
        },
    ),
    "work": Field(
        _("Do you have a job as well?"),
        _("Work"),
        {
            "full_time": _("A full-time job"),
            "part_time": _("A part-time job"),
            "studying": _("School or studies"),
            "given_up": _("I gave up a job to care"),
            "not_working": _("No job"),
            "retired": _("Retired"),
        },
    ),
    "age": Field(
        _("How old are you?"),
        _("Age"),
        {
            "under_25": _("Under 25"),
            "25_44": _("25 to 44"),
            "45_64": _("45 to 64"),
            "65_79": _("65 to 79"),
            "80_or_more": _("80 or more"),
        },
    ),
    "language": Field(
        _("Which language are you at home in?"),
        _("At home in"),
        {
            "en": _("English"),
            "cy": _("Welsh"),
            "pl": _("Polish"),
            "ro": _("Romanian"),
            "pa": _("Panjabi"),
            "ur": _("Urdu"),
            "bn": _("Bengali"),
            "gu": _("Gujarati"),
            "ar": _("Arabic"),
            "so": _("Somali"),
            "pt": _("Portuguese"),
            "zh": _("Chinese"),
            "bsl": _("British Sign Language"),
            "other": _("Another language"),
        },
        several=True,
    ),
    "place": Field(
        _("What kind of place do you live in?"),
        _("Place"),
        {
            "town": _("A city or town"),
            "village": _("A village"),
            "countryside": _("The countryside"),
        },
    ),
}
