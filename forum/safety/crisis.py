"""Words that may mean somebody is in danger. Noticing blocks nothing: the writer is shown help, and staff look.

The list errs on the side of showing help, and leaves out what carers say of an ordinary day ("dead tired", "killing
time", "could murder a cup of tea"). It cannot judge; people do.
"""

import re

_SAID = (
    # wanting to die
    r"(?:want|wanted|wanting|wanna|wish|wishing|ready|rather|going|gonna|plan|planning|trying|tried) (?:to )?(?:just )?"
    r"(?:die|be dead|not be here|not wake up|not exist|end it|end it all|end my life|end everything|take my own life|take my life|"
    r"kill myself|kms|disappear for ?ever|hang myself|drown myself|finish myself|do away with myself)",
    r"wish(?:ed)? (?:that )?i (?:was|were|am|had) (?:just )?(?:dead|never born|never been born|never woken up|not here|not alive)",
    r"better off (?:without me|dead|if i (?:was|were) (?:dead|gone|not here))",
    r"(?:no|isnt any|isnt a|not any|dont see a|dont see any|cant see a|cant see any) (?:point|reason) (?:in )?"
    r"(?:living|going on living|being alive|to live|to be alive|carrying on living)",
    r"nothing (?:left )?to live for",
    r"(?:dont|do not|didnt|cant|cannot|no longer) (?:really )?(?:want|wish) to (?:live|be alive|be here any ?more|wake up|exist|go on living)",
    r"(?:cant|cannot|can not) (?:go on|carry on|keep) (?:living|being alive)",
    # doing it
    r"(?:kill|killing|killed|hang|hanging|hurt|hurting|harm|harming|harmed|cut|cutting|drown|drowning|poison|poisoning|overdose|starve|starving) (?:my ?self|me self)",
    r"(?:end|ending|take|taking) (?:my (?:own )?life|it all tonight|it tonight|things tonight)",
    r"(?:took|taken|take|taking|had) an? (?:over ?dose|od\b)",
    r"(?:suicide|suicidal|sucidal|suiside|suicdal|self ?harm|self ?harming|selfharm)",
    r"(?:written|wrote|writing) (?:a |my )?(?:goodbye|suicide) (?:note|letter)",
    r"say(?:ing)? goodbye to (?:you all|everyone) for good",
    # danger to and from somebody else
    r"(?:going to|gonna|might|could|will|afraid ill|scared ill|frightened ill|afraid i will|scared i will|feel like i could|think i could)"
    r" (?:really )?(?:kill|hurt|harm|smother|strangle|poison|drown) (?:him|her|them|my (?:mum|mam|mom|dad|husband|wife|partner|son|daughter|child|baby|brother|sister|nan|gran|grandad))",
    r"(?:he|she|they) (?:is|are|will|has|said (?:he|she) (?:will|is going to)|keeps|keep) (?:going to |gonna )?(?:kill(?:ing)?|strangl(?:e|ed|ing)|chok(?:e|ed|ing)|hit(?:s|ting)?|beat(?:s|ing)?|hurt(?:s|ing)?) me\b",
    r"(?:strangled|choked|raped|stabbed|punched|beat|beaten|hits|beats) me\b",
    r"(?:not|isnt|never) safe at home",
    r"(?:i am|im|i feel) (?:scared|afraid|frightened) (?:for my life|of (?:him|her|them|my (?:husband|wife|partner|son|dad|father)))",
)  # fmt: skip

_NOT_MEANT = re.compile(
    r"(?:suicide (?:prevention|awareness|bereavement|helpline|squad|vest|note in the film)|bereaved by suicide|"
    r"(?:going to|gonna|could|will) kill me (?:when|if|for)|kill me now|killing me softly|kill(?:s|ing) me laughing)"
)
_PATTERN = re.compile("|".join(f"(?:{words})" for words in _SAID))


def _plainly(text: str) -> str:
    """Lower case, straight letters only, single spaces: ``Can't   GO on!`` becomes ``cant go on``."""
    lowered = text.casefold().replace("’", "'").replace("'", "")
    return " ".join(re.sub(r"[^\w\s]|_", " ", lowered).split())


def noticed_in(text: str) -> bool:
    """Say whether *text* holds words that may mean that somebody is in danger."""
    words = _NOT_MEANT.sub(" ", _plainly(text[:200_000]))
    return _PATTERN.search(words) is not None
