"""Settings from the environment. A wrong one stops the start with one sentence naming it and giving an example."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit


class BadSetting(Exception):
    """One sentence: the setting, what is wrong, and an example."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything an operator decides, checked."""

    database_url: str = "sqlite:///instance/kettle.db"
    redis_url: str = ""
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
        instance = Path(env.get("KETTLE_INSTANCE", "instance"))
        texts = {
            name: env[name.upper()].strip()
            for name in cls.__dataclass_fields__
            if name not in {"instance", "trusted_proxies"} and env.get(name.upper(), "").strip()
        }
        texts.setdefault("database_url", f"sqlite:///{instance}/kettle.db")
        texts.setdefault("mail_url", f"file:{instance}/outbox")
        settings = cls(
            **texts,
            trusted_proxies=_whole_number(env.get("TRUSTED_PROXIES", "")),
            instance=instance,
        )
        settings._check()
        if not settings.secret_key:
            object.__setattr__(settings, "secret_key", _kept_secret(instance))
        return settings

    def _check(self) -> None:
        _one_of("DATABASE_URL", self.database_url, ("sqlite:///", "postgresql://"), "sqlite:///instance/kettle.db")
        if self.redis_url:
            _one_of("REDIS_URL", self.redis_url, ("redis://", "rediss://", "unix://"), "redis://127.0.0.1:6379/0")
        _one_of(
            "MAIL_URL", self.mail_url, ("file:", "smtp://", "smtps://"), "smtp://name:password@mail.example.org:587"
        )
        _one_of("SITE_URL", self.site_url, ("http://", "https://"), "https://carers.example.org")
        if not urlsplit(self.site_url).hostname:
            raise BadSetting("SITE_URL has no host name; write it like https://carers.example.org.")
        if "@" not in self.mail_from:
            raise BadSetting("MAIL_FROM is not an e-mail address; write it like kettle@example.org.")
        if self.log_format not in {"text", "json"}:
            raise BadSetting("LOG_FORMAT must be text or json; write it like LOG_FORMAT=json.")
        if self.secret_key and len(self.secret_key) < 16:
            raise BadSetting(
                "SECRET_KEY is shorter than 16 characters; make one with "
                "python3 -c 'import secrets; print(secrets.token_hex(32))'."
            )
        object.__setattr__(self, "site_url", self.site_url.rstrip("/"))


def _one_of(name: str, value: str, starts: tuple[str, ...], example: str) -> None:
    if not value.startswith(starts):
        raise BadSetting(f"{name} must start with {' or '.join(starts)}; write it like {name}={example}.")


def _whole_number(text: str) -> int:
    if not text.strip():
        return 0
    if not text.strip().isdigit():
        raise BadSetting("TRUSTED_PROXIES is not a whole number; write it like TRUSTED_PROXIES=1.")
    return int(text)


def _kept_secret(instance: Path) -> str:
    """Make the secret once and keep it, so that people stay signed in over a restart."""
    kept = instance / "secret_key"
    try:
        instance.mkdir(parents=True, exist_ok=True)
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
            f"SECRET_KEY is not set and the folder {instance} cannot be written ({trouble.strerror}); "
            "set SECRET_KEY or KETTLE_INSTANCE=/var/lib/kettle."
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
