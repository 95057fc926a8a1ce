"""What in a text might show who somebody is: simple pointers, for a person to weigh.

They look for what is rare together (a place, an age, a condition, a family, a day), not for names alone. They miss
things and they see things that are harmless; nobody is told that a text is safe.
"""

import re
from dataclasses import dataclass

from forum.text import _

MOST = 12


@dataclass(frozen=True, slots=True)
class Pointer:
    """Something to look at twice: the *words* as they stand, and *why*."""

    words: str
    why: object


_AGE = re.compile(
    r"\b(?:\d{1,3}|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|"
    r"[a-z]+(?:ty|teen)(?:-[a-z]+)?)[ -](?:years?|yrs?|months?)[ -]old\b|\baged? \d{1,3}\b|"
    r"(?:'s|’s|\bis|\bwas|\bbeing|\bturn(?:ed|s|ing)?|\bI'm|\bI’m) (?:only |just |nearly |almost )?\d{1,3}\b"
    r"(?! ?(?:times|hours|minutes|miles|days|weeks|per cent|%|pm|am|p\b))|"
    r"\b\d{1,3}(?:st|nd|rd|th) birthday\b|\bin (?:his|her|their|my) (?:twenties|thirties|forties|fifties|sixties|"
    r"seventies|eighties|nineties)\b",
    re.IGNORECASE,
)
_DAY = re.compile(
    r"\b(?:\d{1,2}(?:st|nd|rd|th)? (?:of )?)?(?:January|February|March|April|June|July|August|September|October|"
    r"November|December)(?: \d{1,2}(?:st|nd|rd|th)?)?\b|\b\d{1,2}[/.]\d{1,2}[/.]\d{2,4}\b|"
    r"\b(?:19|20)\d\d\b|\b(?:Christmas|New Year's|Boxing) (?:Day|Eve)\b"
)
_REACH = re.compile(r"\b[\w.+-]+@[\w-]+\.\w+|\b(?:\+44|0)\d[\d ]{7,12}\d\b|\b[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}\b")
_FAMILY = re.compile(
    r"\b(?:twins?|triplets?|adopted|fostered|foster (?:child|son|daughter|mum|dad|carer)|step(?:son|daughter|mum|dad)|"
    r"(?:four|five|six|seven|eight|nine|\d) (?:children|kids|sons|daughters|brothers|sisters)|"
    r"only (?:child|son|daughter)|(?:ex-|late )(?:husband|wife|partner))\b",
    re.IGNORECASE,
)
_WORK = re.compile(
    r"\b(?:vicar|priest|imam|rabbi|nun|headteacher|head teacher|councillor|police officer|firefighter|paramedic|"
    r"surgeon|consultant|judge|farmer|postmaster|postmistress|lollipop (?:lady|man))\b",
    re.IGNORECASE,
)
# Conditions that few people have, so that the word and a place together may be enough.
_RARE = re.compile(
    r"\b(?:Rett|Angelman|Prader[- ]Willi|Huntington(?:'s|’s)?|Batten(?:'s|’s)?|Duchenne|Friedreich(?:'s|’s)?|"
    r"Niemann[- ]Pick|Ehlers[- ]Danlos|Guillain[- ]Barr[eé]|Creutzfeldt[- ]Jakob|CJD|MND|motor neurone|ALS|PSP|"
    r"supranuclear palsy|multiple system atrophy|MSA|corticobasal|Pick(?:'s|’s)? disease|posterior cortical atrophy|"
    r"Korsakoff(?:'s|’s)?|Tourette(?:'s|’s)?|Williams syndrome|fragile X|tuberous sclerosis|spina bifida|"
    r"muscular dystrophy|spinal muscular atrophy|SMA|cystic fibrosis|sickle cell|thalass[a]?emia|haemophilia|"
    r"narcolepsy|locked[- ]in|myasthenia|lupus|ataxia|dystonia|encephalitis|Dravet|Lennox[- ]Gastaut)\b",
    re.IGNORECASE,
)
_PLACE = re.compile(
    r"\b(?!(?:At|In|From|To|On|Near|The|Our|My|And|But|Then)\b)"
    r"(?:[A-Z][\w’'-]+(?:[ -](?:on|upon|under|le|by|in|and|of|the|y|St|[A-Z][\w’'-]+))*[ ]"
    r"(?:Hospital|Infirmary|General|Surgery|Hospice|School|Academy|College|University|Church|Chapel|Mosque|Street|"
    r"Road|Lane|Avenue|Close|Terrace|Ward|Centre|Park|House|Court|Library|Farm|Council|Island))\b"
)
_TOWNS = re.compile(
    r"\b(?:London|Birmingham|Manchester|Leeds|Liverpool|Sheffield|Bristol|Newcastle|Nottingham|Leicester|Coventry|"
    r"Bradford|Hull|Stoke|Wolverhampton|Derby|Southampton|Portsmouth|Plymouth|Exeter|Norwich|Oxford|Cambridge|York|"
    r"Brighton|Bath|Cardiff|Swansea|Newport|Wrexham|Bangor|Aberystwyth|Carmarthen|Edinburgh|Glasgow|Aberdeen|Dundee|"
    r"Inverness|Stirling|Perth|Belfast|Derry|Lisburn|Newry|Armagh|Cornwall|Devon|Kent|Essex|Suffolk|Norfolk|Cumbria|"
    r"Yorkshire|Lancashire|Orkney|Shetland|Skye|Anglesey|Gwynedd|Powys|Ceredigion)\b"
)
# A capital inside a sentence is often somebody's name, or a place that no list knows.
_NAME = re.compile(r"(?<=[a-z,;:’'] )(?:[A-Z][a-z’'-]+)(?: [A-Z][a-z’'-]+)*")
_NO_NAMES = frozenset(
    "I I'm I've I'll I'd I’m I’ve I’ll I’d Monday Tuesday Wednesday Thursday Friday Saturday Sunday Mondays Tuesdays "
    "Wednesdays Thursdays Fridays Saturdays Sundays English Welsh NHS GP A&E TV OK God Mum Dad Nan Gran Grandad "
    "January February March April May June July August September October November December Christmas Easter".split()
)


def pointers(text: str, *, names: tuple[str, ...] = ()) -> list[Pointer]:
    """Return what in *text* might show who somebody is, in the order it stands there, at most twelve.

    *names* are names that must not stand there at all, such as the writer's own."""
    found: dict[int, Pointer] = {}
    for name in names:
        at = text.casefold().find(name.casefold()) if len(name) > 1 else -1
        if at >= 0:
            found[at] = Pointer(text[at : at + len(name)], _("This is the writer's own name."))
    for pattern, why in (
        (_REACH, _("This says how to reach somebody, or where they live.")),
        (_AGE, _("An age.")),
        (_RARE, _("A condition that few people have.")),
        (_PLACE, _("A place.")),
        (_TOWNS, _("A place.")),
        (_DAY, _("A date or a year.")),
        (_FAMILY, _("A family that people may know.")),
        (_WORK, _("Work that few people do.")),
        (_NAME, _("A name, or a place.")),
    ):
        for match in pattern.finditer(text):
            if pattern is _NAME and match.group() in _NO_NAMES:
                continue
            if not any(at <= match.start() < at + len(there.words) for at, there in found.items()):
                found[match.start()] = Pointer(match.group(), why)
    return [found[at] for at in sorted(found)][:MOST]
