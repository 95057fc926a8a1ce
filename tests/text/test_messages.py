"""Sentences for readers, in the reader's language at the moment of showing."""

import gettext
import json
import pickle
import threading

import jinja2
from markupsafe import Markup, escape

from forum.text import Sentence, _, n_, ngettext, speaking, translator
from forum.text import gettext as spoken


class Welsh(gettext.NullTranslations):
    WORDS = {"Good night, %(name)s": "Nos da, %(name)s", "Tea": "Te", "%(n)s reply": "%(n)s ateb", "one": "%(n)s cwpan"}

    def gettext(self, message: str) -> str:
        return self.WORDS.get(message, message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.WORDS.get(msgid1, msgid1)


def test_a_sentence_is_its_english_words_until_somebody_translates() -> None:
    sentence = _("Good night, %(name)s", name="Ann")
    assert sentence == "Good night, Ann"
    assert f"{sentence}!" == "Good night, Ann!"
    assert {"Tea": 1}[_("Tea")] == 1
    assert _("Tea") in {"Tea"}
    assert json.dumps([_("Tea")]) == '["Tea"]'
    assert isinstance(sentence, str)
    assert str(_("50%% of us")) == "50% of us"
    assert str(_("100% yes")) == "100% yes"


def test_a_sentence_made_before_is_said_in_the_language_of_the_moment() -> None:
    sentence, replies = _("Good night, %(name)s", name="Ann"), n_("%(n)s reply", "%(n)s replies", 2)
    assert replies == "2 replies"
    assert str(n_("%(n)s reply", "%(n)s replies", 1)) == "1 reply"
    with speaking(Welsh()):
        assert str(sentence) == f"{sentence}" == "Nos da, Ann"
        assert str(replies) == "2 ateb"
        assert spoken("Tea") == "Te"
        assert ngettext("%(n)s reply", "x", 3) == "%(n)s ateb"
        assert "Nos da" in str(_("%(a)s / %(b)s", a=sentence, b="x"))
        elsewhere: list[str] = []
        thread = threading.Thread(target=lambda: elsewhere.append(str(_("Tea"))))
        thread.start()
        thread.join()
        assert elsewhere == ["Tea"]
    assert str(sentence) == "Good night, Ann"
    assert isinstance(translator.get(), gettext.NullTranslations)


def test_templates_escape_what_people_typed_and_nothing_twice() -> None:
    environment = jinja2.Environment(autoescape=True, extensions=["jinja2.ext.i18n"])
    environment.install_gettext_callables(spoken, ngettext, newstyle=True)  # type: ignore[attr-defined]
    sentence = _("Good night, %(name)s", name="<Ann>")
    template = environment.from_string(
        "{{ sentence }}|{{ _('Tea') }}|{% trans n=2 %}one{% pluralize %}{{ n }} cups{% endtrans %}"
    )
    assert template.render(sentence=sentence) == "Good night, &lt;Ann&gt;|Tea|2 cups"
    with speaking(Welsh()):
        assert template.render(sentence=sentence) == "Nos da, &lt;Ann&gt;|Te|2 cwpan"
    assert escape(_("See %(link)s & tea", link=Markup("<a>x</a>"))) == "See <a>x</a> &amp; tea"


def test_a_sentence_travels() -> None:
    sentence = pickle.loads(pickle.dumps(n_("%(n)s reply", "%(n)s replies", 2)))
    assert isinstance(sentence, Sentence)
    with speaking(Welsh()):
        assert str(sentence) == "2 ateb"


def test_a_mistake_in_a_translation_does_not_take_the_page_down() -> None:
    assert str(_("Good night, %(nobody)s", name="Ann")) == "Good night, %(nobody)s"
