"""What was sent -> a frozen value, or Invalid with a sentence per field."""

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import available_timezones

from forum.errors import Invalid
from forum.members import addresses, names
from forum.members.choices import ASKS_PER_MONTH, CARE, PAUSES, WORDS
from forum.members.sessions import passwords
from forum.text import _

Sent = Mapping[str, str]


def _checked(errors: dict[str, str]) -> None:
    wrong = {name: sentence for name, sentence in errors.items() if sentence}
    if wrong:
        raise Invalid(errors=wrong)


def _ticked(sent: Sent, name: str) -> bool:
    return sent.get(name) == "yes"


def _one_of(sent: Sent, name: str, options: tuple[str, ...]) -> str:
    value = sent.get(name, options[0])
    return value if value in options else options[0]


@dataclass(frozen=True, slots=True)
class JoinForm:
    """A display name, an address, and what a person may add. An empty password means: e-mailed links only."""

    name: str
    email: str
    password: str
    care: str

    @classmethod
    def read(cls, sent: Sent) -> "JoinForm":
        """Raises Invalid with a sentence for each of ``name``, ``email`` and ``password``."""
        name, email = names.clean_name(sent.get("name", "")), addresses.clean_address(sent.get("email", ""))
        password = sent.get("password", "")
        _checked(
            {
                "name": names.trouble_with(name),
                "email": addresses.trouble_with(email),
                "password": passwords.trouble_with(password, name, email) if password else "",
            }
        )
        return cls(name, email, password, _one_of(sent, "care", CARE))


@dataclass(frozen=True, slots=True)
class SignInForm:
    """An address, a password, and whether to keep the device signed in."""

    email: str
    password: str
    keep: bool

    @classmethod
    def read(cls, sent: Sent) -> "SignInForm":
        """Raises Invalid when one of the two is missing."""
        email, password = addresses.clean_address(sent.get("email", "")), sent.get("password", "")
        _checked(
            {
                "email": addresses.trouble_with(email),
                "password": "" if password else _("Type your password, or let us send you a link instead."),
            }
        )
        return cls(email, password, _ticked(sent, "keep"))


@dataclass(frozen=True, slots=True)
class AddressForm:
    """An address to send a link to."""

    email: str

    @classmethod
    def read(cls, sent: Sent) -> "AddressForm":
        """Raises Invalid when it is no address."""
        email = addresses.clean_address(sent.get("email", ""))
        _checked({"email": addresses.trouble_with(email)})
        return cls(email)


@dataclass(frozen=True, slots=True)
class NewPasswordForm:
    """A new password; *current* is the one so far, where it is asked for."""

    password: str
    current: str
    keep: bool

    @classmethod
    def read(cls, sent: Sent, *about: str) -> "NewPasswordForm":
        """Raises Invalid when it is too easy to guess. *about* is the person's name and address."""
        password = sent.get("password", "")
        _checked({"password": passwords.trouble_with(password, *about)})
        return cls(password, sent.get("current", ""), _ticked(sent, "keep"))


@dataclass(frozen=True, slots=True)
class SettingsForm:
    """What a member chooses on the settings page. *pause* is in months, "none" or "keep"."""

    words: str
    mail_replies: bool
    mail_mentions: bool
    mail_asks: bool
    asks_per_month: int
    pause: str
    time_zone: str

    @classmethod
    def read(cls, sent: Sent) -> "SettingsForm":
        """Raises Invalid with a sentence per field."""
        asks, zone = sent.get("asks_per_month", ""), sent.get("time_zone", "")
        _checked(
            {
                "words": "" if sent.get("words") in WORDS else _("Choose how your words may be used."),
                "asks_per_month": ""
                if asks in map(str, ASKS_PER_MONTH)
                else _("Choose how often we may ask you something."),
                "time_zone": "" if zone in available_timezones() else _("Choose a time zone from the list."),
            }
        )
        return cls(
            words=sent["words"],
            mail_replies=_ticked(sent, "mail_replies"),
            mail_mentions=_ticked(sent, "mail_mentions"),
            mail_asks=_ticked(sent, "mail_asks"),
            asks_per_month=int(asks),
            pause=_one_of(sent, "pause", PAUSES),
            time_zone=zone,
        )
