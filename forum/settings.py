"""Settings from the environment. A wrong one stops the start with one sentence naming it and giving an example."""

import errno
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.errors import HeaderParseError
from email.headerregistry import Address
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

LONGEST_NAME = 80
MOST_PROXIES = 9
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.?")


class BadSetting(Exception):
    """One sentence: the setting, what is wrong, and an example."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything an operator decides, checked."""

    database_url: str = field(default="sqlite:///instance/kettle.db", repr=False)
    redis_url: str = field(default="", repr=False)
    secret_key: str = field(default="", repr=False)
    mail_url: str = field(default="file:instance/outbox", repr=False)
    mail_from: str = "kettle@localhost"
    mail_domain: str = "localhost"
    site_name: str = "Kettle"
    site_url: str = "http://127.0.0.1:8000"
    site_phone: str = ""
    site_phone_hours: str = ""
    site_runs: str = ""
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: str = field(default="", repr=False)
    discourse_url: str = ""
    discourse_api_key: str = field(default="", repr=False)
    discourse_api_username: str = ""
    discourse_webhook_secret: str = field(default="", repr=False)
    discourse_connect_secret: str = field(default="", repr=False)
    staff_codes: str = "required"
    trusted_proxies: int = 0
    log_format: str = "text"
    instance: Path = Path("instance")

    @property
    def is_https(self) -> bool:
        return self.site_url.startswith("https://")

    @property
    def mail_goes_to_files(self) -> bool:
        return self.mail_url.startswith("file:")

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """Read, check and complete the settings. Raises BadSetting with one sentence."""
        env = os.environ if environ is None else environ
        instance = Path(env.get("KETTLE_INSTANCE", "").strip() or "instance")
        texts = {
            name: env[name.upper()].strip()
            for name in cls.__dataclass_fields__
            if name not in {"instance", "trusted_proxies"} and env.get(name.upper(), "").strip()
        }
        texts.setdefault("database_url", f"sqlite:///{instance}/kettle.db")
        texts.setdefault("mail_url", f"file:{instance}/outbox")
        settings = cls(
            **texts,
            trusted_proxies=_proxies(env.get("TRUSTED_PROXIES", "")),
            instance=instance,
        )
        settings._check()
        if not settings.secret_key:
            object.__setattr__(settings, "secret_key", _kept_secret(instance))
        return settings

    def _check(self) -> None:
        _make_writable("KETTLE_INSTANCE", self.instance, "/srv/kettle/instance")
        self._check_database()
        if self.redis_url:
            _one_of("REDIS_URL", self.redis_url, ("redis://", "rediss://", "unix://"), "redis://127.0.0.1:6379/0")
            _port("REDIS_URL", self.redis_url, "redis://127.0.0.1:6379/0")
        self._check_mail()
        self._check_site()
        if self.log_format not in {"text", "json"}:
            raise BadSetting("LOG_FORMAT must be text or json; write it like LOG_FORMAT=json.")
        if self.staff_codes not in {"required", "optional"}:
            raise BadSetting("STAFF_CODES must be required or optional; write it like STAFF_CODES=required.")
        if self.secret_key and len(self.secret_key) < 16:
            raise BadSetting(
                "SECRET_KEY is shorter than 16 characters; make one with "
                "python3 -c 'import secrets; print(secrets.token_hex(32))'."
            )

    def _check_database(self) -> None:
        example = "sqlite:///instance/kettle.db"
        _one_of("DATABASE_URL", self.database_url, ("sqlite:///", "postgresql://"), example)
        if self.database_url.startswith("sqlite:"):
            path = self.database_url.removeprefix("sqlite:///")
            if not path or Path(path).is_dir():
                raise BadSetting(
                    f"DATABASE_URL must name a file, not {'a folder' if path else 'nothing'}; "
                    f"write it like DATABASE_URL={example}."
                )
            return
        example = "postgresql://kettle:password@127.0.0.1:5432/kettle"
        _port("DATABASE_URL", self.database_url, example)
        if not urlsplit(self.database_url).path.strip("/"):
            raise BadSetting(f"DATABASE_URL names no database after the host; write it like DATABASE_URL={example}.")

    def _check_mail(self) -> None:
        example = "smtp://name:password@mail.example.org:587"
        _one_of("MAIL_URL", self.mail_url, ("file:", "smtp://", "smtps://"), example)
        if self.mail_goes_to_files:
            folder = self.mail_url.removeprefix("file:")
            if not folder:
                raise BadSetting("MAIL_URL names no folder; write it like MAIL_URL=file:instance/outbox.")
            _make_writable("MAIL_URL", Path(folder), "file:instance/outbox")
        else:
            _port("MAIL_URL", self.mail_url, example)
            if not urlsplit(self.mail_url).hostname:
                raise BadSetting(f"MAIL_URL has no host name; write it like MAIL_URL={example}.")
        if not _is_address(self.mail_from):
            raise BadSetting(
                "MAIL_FROM must be an e-mail address and nothing else; write it like MAIL_FROM=kettle@example.org."
            )
        if not _HOST.fullmatch(self.mail_domain):
            raise BadSetting("MAIL_DOMAIN is not the name of a domain; write it like MAIL_DOMAIN=example.org.")

    def _check_site(self) -> None:
        example = "https://carers.example.org"
        _one_of("SITE_URL", self.site_url, ("http://", "https://"), example)
        _port("SITE_URL", self.site_url, example)
        parts = urlsplit(self.site_url)
        if not _HOST.fullmatch(parts.hostname or "") and not _is_ip(parts.hostname or ""):
            raise BadSetting(f"SITE_URL has no host name; write it like SITE_URL={example}.")
        if parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc:
            raise BadSetting(
                f"SITE_URL must be https:// and the name of the host, nothing else; write it like SITE_URL={example}."
            )
        object.__setattr__(self, "site_url", self.site_url.rstrip("/"))
        if len(self.site_name) > LONGEST_NAME or not self.site_name.isprintable():
            raise BadSetting(
                f"SITE_NAME must be one line of at most {LONGEST_NAME} characters; "
                'write it like SITE_NAME="Carers of Thornbeck".'
            )


def _one_of(name: str, value: str, starts: tuple[str, ...], example: str) -> None:
    if not value.startswith(starts):
        raise BadSetting(f"{name} must start with {' or '.join(starts)}; write it like {name}={example}.")


def _port(name: str, url: str, example: str) -> None:
    """Refuse an address that cannot be read; nearly always that is its port, or a password that looks like one."""
    try:
        _ = urlsplit(url).port
    except ValueError:
        raise BadSetting(
            f"{name} cannot be read: its port must be a number, and in a password / is written %2F, # %23 and @ %40; "
            f"write it like {name}={example}."
        ) from None


def _is_address(text: str) -> bool:
    name, _, domain = text.rpartition("@")
    try:
        return bool(name) and _HOST.fullmatch(domain) is not None and Address(addr_spec=text).domain == domain
    except (ValueError, HeaderParseError):
        return False


def _is_ip(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _proxies(text: str) -> int:
    text = text.strip() or "0"
    if text not in {str(number) for number in range(MOST_PROXIES + 1)}:
        raise BadSetting(
            f"TRUSTED_PROXIES is not a whole number from 0 to {MOST_PROXIES}; write it like TRUSTED_PROXIES=1."
        )
    return int(text)


def _make_writable(name: str, folder: Path, example: str) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as trouble:
        raise BadSetting(
            f"{name} must name a folder that this account may write to, and {folder} is not one ({trouble.strerror}); "
            f"write it like {name}={example}."
        ) from trouble


def _kept_secret(instance: Path) -> str:
    """Make the secret once and keep it, so that people stay signed in over a restart."""
    kept = instance / "secret_key"
    try:
        try:
            handle = os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return kept.read_text().strip()
        with os.fdopen(handle, "w") as file:
            secret = secrets.token_hex(32)
            file.write(secret)
            return secret
    except OSError as trouble:
        raise BadSetting(
            f"SECRET_KEY is not set and {kept} cannot be read ({trouble.strerror}); run this as the account that made it, "
            "or set SECRET_KEY (make one with python3 -c 'import secrets; print(secrets.token_hex(32))')."
        ) from trouble


_chosen: Settings | None = None


def use(settings: Settings) -> None:
    """Make *settings* the ones this process goes by."""
    global _chosen
    _chosen = settings


def chosen() -> Settings:
    """Return the settings this process goes by, for work that has no request."""
    if _chosen is None:
        raise RuntimeError("the settings were not chosen yet: call wiring.start first")
    return _chosen
