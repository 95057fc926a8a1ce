"""The one door from people's words to safe HTML and to plain text."""

from forum.text.anchors import Anchor, anchor, paragraphs, re_anchor
from forum.text.bulk import Rendered, render_many
from forum.text.door import NO_WORDS, RENDERER, as_typed, shutdown, to_html
from forum.text.incoming import from_html
from forum.text.mentions import mention_of, mentions_in, recalled
from forum.text.messages import Sentence, _, gettext, n_, ngettext, speaking, translator
from forum.text.names import name_key
from forum.text.plain import QuotedSpan, quoted_spans, to_plain
from forum.text.quoting import Quote, attributed, has_quotes, quote_block, renumber_quotes
from forum.text.raw import from_raw
from forum.text.safe import SafeHtml, is_safe, stored_html
from forum.text.tidying import clean_line, excerpt_of, slugify, tidy

__all__ = [
    "NO_WORDS",
    "RENDERER",
    "Anchor",
    "Quote",
    "QuotedSpan",
    "Rendered",
    "SafeHtml",
    "Sentence",
    "_",
    "anchor",
    "as_typed",
    "attributed",
    "clean_line",
    "excerpt_of",
    "from_html",
    "from_raw",
    "gettext",
    "has_quotes",
    "is_safe",
    "mention_of",
    "mentions_in",
    "n_",
    "name_key",
    "ngettext",
    "paragraphs",
    "quote_block",
    "quoted_spans",
    "re_anchor",
    "recalled",
    "render_many",
    "renumber_quotes",
    "shutdown",
    "slugify",
    "speaking",
    "stored_html",
    "tidy",
    "to_html",
    "to_plain",
    "translator",
]
