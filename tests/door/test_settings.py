"""A wrong setting stops the start with one sentence that names it, says what is wrong and gives an example."""

import stat
from pathlib import Path

import pytest

from forum.settings import BadSetting, Settings

WRONG = [
    ("DATABASE_URL", "mysql://127.0.0.1/kettle", "must start with sqlite:/// or postgresql://"),
    ("DATABASE_URL", "kettle.db", "must start with"),
    ("DATABASE_URL", "sqlite:///", "must name a file"),
    ("DATABASE_URL", "sqlite:////tmp", "a folder"),
    ("DATABASE_URL", "postgresql://127.0.0.1", "names no database"),
    ("DATABASE_URL", "postgresql://kettle:pass/word@127.0.0.1/kettle", "in a password / is written %2F"),
    ("REDIS_URL", "http://127.0.0.1:6379", "must start with redis://"),
    ("REDIS_URL", "redis://127.0.0.1:none/0", "its port must be a number"),
    ("SECRET_KEY", "short", "shorter than 16"),
    ("MAIL_URL", "mail.example.org", "must start with file: or smtp://"),
    ("MAIL_URL", "smtp://", "has no host name"),
    ("MAIL_URL", "smtp://sam:pass#word@mail.example.org:587", "# %23"),
    ("MAIL_URL", "smtp://mail.example.org:70000", "its port must be a number"),
    ("MAIL_URL", "file:", "names no folder"),
    ("MAIL_URL", "file:/dev/null/outbox", "may write to"),
    ("MAIL_FROM", "kettle", "must be an e-mail address"),
    ("MAIL_FROM", "kettle@", "must be an e-mail address"),
    ("MAIL_FROM", "Kettle <kettle@example.org>", "and nothing else"),
    ("MAIL_FROM", "kettle@example.org\nBcc: everybody@example.org", "and nothing else"),
    ("MAIL_DOMAIN", "https://example.org", "name of a domain"),
    ("MAIL_DOMAIN", "kettle@example.org", "name of a domain"),
    ("SITE_NAME", "x" * 200, "at most 80 characters"),
    ("SITE_NAME", "Kettle\nX-Header: 1", "one line"),
    ("SITE_URL", "carers.example.org", "must start with http:// or https://"),
    ("SITE_URL", "https://", "has no host name"),
    ("SITE_URL", "https://carers example.org", "has no host name"),
    ("SITE_URL", "https://carers.example.org:https", "its port must be a number"),
    ("SITE_URL", "https://example.org/carers", "nothing else"),
    ("TRUSTED_PROXIES", "yes", "whole number"),
    ("TRUSTED_PROXIES", "-1", "whole number"),
    ("TRUSTED_PROXIES", "²", "whole number"),
    ("LOG_FORMAT", "xml", "must be text or json"),
    ("KETTLE_INSTANCE", "/dev/null", "may write to"),
    ("KETTLE_INSTANCE", "/dev/null/instance", "may write to"),
]


@pytest.mark.parametrize(("name", "value", "words"), WRONG)
def test_a_wrong_setting_is_named_with_what_is_wrong_and_an_example(
    tmp_path: Path, name: str, value: str, words: str
) -> None:
    with pytest.raises(BadSetting) as trouble:
        Settings.from_env({"KETTLE_INSTANCE": str(tmp_path / "instance"), name: value})
    sentence = str(trouble.value)
    assert sentence.startswith(f"{name} ")
    assert words in sentence
    assert f"{name}=" in sentence or "make one with" in sentence
    assert len(sentence.splitlines()) == 1
    assert sentence.endswith(".")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "postgresql:///kettle?host=/var/run/postgresql"),
        ("DATABASE_URL", "postgresql://kettle:pass%2Fword@db.example.org:5433/kettle"),
        ("MAIL_URL", "smtps://sam%40example.org:pass%23word@mail.example.org"),
        ("MAIL_FROM", "kettle@localhost"),
        ("MAIL_FROM", "kettle+letters@carers.example.org"),
        ("SITE_URL", "http://192.0.2.7:8000"),
        ("SITE_URL", "http://[::1]:8000"),
        ("SITE_NAME", "Gofalwyr Dyffryn Tâf – y tegell"),
        ("TRUSTED_PROXIES", " 2 "),
    ],
)
def test_what_may_be_set_is_taken(tmp_path: Path, name: str, value: str) -> None:
    settings = Settings.from_env({"KETTLE_INSTANCE": str(tmp_path), name: value})
    assert str(getattr(settings, name.lower())) == value.strip()


def test_a_slash_after_the_host_does_no_harm(tmp_path: Path) -> None:
    settings = Settings.from_env({"KETTLE_INSTANCE": str(tmp_path), "SITE_URL": "https://carers.example.org/"})
    assert settings.site_url == "https://carers.example.org"


def test_the_secret_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    first, again = (Settings.from_env({"KETTLE_INSTANCE": str(tmp_path / "new")}) for _ in range(2))
    assert first.secret_key == again.secret_key
    assert len(first.secret_key) == 64
    assert stat.S_IMODE((tmp_path / "new" / "secret_key").stat().st_mode) == 0o600


def test_secrets_stay_out_of_what_is_printed(tmp_path: Path) -> None:
    secrets = {
        "SECRET_KEY": "a secret of some length",
        "MAIL_URL": "smtp://sam:hidden-1@mail.example.org",
        "DISCOURSE_API_KEY": "hidden-2",
        "DATABASE_URL": "postgresql://kettle:hidden-3@127.0.0.1/kettle",
    }
    printed = repr(Settings.from_env({"KETTLE_INSTANCE": str(tmp_path), **secrets}))
    assert "a secret" not in printed
    assert "hidden" not in printed
