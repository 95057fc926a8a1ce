"""What people write becomes HTML that is safe, sound and reads as they meant it."""

import copy
import pickle
import re
import threading

import jinja2
import pytest
from hypothesis import given
from hypothesis import settings as tries
from hypothesis import strategies as st
from markdown import treeprocessors
from markupsafe import Markup, escape

from forum.errors import TooOften
from forum.text import (
    SafeHtml,
    attributed,
    is_safe,
    mention_of,
    mentions_in,
    quote_block,
    recalled,
    rendering,
    renumber_quotes,
    safe,
    stored_html,
    to_html,
)
from forum.text.door import _MOST_HEAVY, is_heavy, rendered_here
from forum.text.rendering import rendered
from forum.text.safe import cleaned, first_sanitiser, second_sanitiser, web_address
from forum.text.tidying import tidy
from tests import pages
from tests.text.looking import events, faults, typed, unmarked
from tests.text.material import cooked_posts, markdown_examples, naughty_strings, raw_posts

NAMES = {"mary": "mary", "Mary Ann": "Mary Ann"}


# ---------------------------------------------------------------- nothing gets through


@tries(max_examples=250)
@given(typed())
def test_whatever_is_typed_only_the_allow_list_comes_out(source: str) -> None:
    html = to_html(source, mentions=NAMES)
    assert is_safe(html)
    assert not list(faults(html)), html
    html.encode()


@tries(max_examples=120)
@given(typed())
def test_both_sanitisers_leave_each_other_nothing_to_do(source: str) -> None:
    """What bleach lets through, nh3 leaves alone, but for the spelling of references and quotation marks."""
    first = first_sanitiser(tidy(source))
    dead_links = [
        event for event in events(second_sanitiser(first)) if event[:2] == ("start", "a") and not _href(event)
    ]
    if not dead_links:  # an address such as `http://a b`, which nh3 does not accept
        assert events(second_sanitiser(first)) == events(first)


def _href(event: tuple[object, ...]) -> bool:
    return any(name == "href" for name, _ in event[2])  # type: ignore[attr-defined]


@tries(max_examples=150)
@given(st.one_of(typed(), unmarked()))
def test_short_cuts_lead_to_the_same_place(source: str) -> None:
    """Words without marks are not parsed, and marks that are not there are not looked for; it must not show."""
    source = tidy(source)
    assert rendering.rendered(source, NAMES) == _the_long_way(source)


@pytest.mark.parametrize("material", [naughty_strings, markdown_examples, raw_posts, cooked_posts])
def test_short_cuts_lead_to_the_same_place_for_real_texts(material) -> None:
    for source in map(tidy, material()):
        if not is_heavy(source):
            assert rendering.rendered(source, NAMES) == _the_long_way(source)


def _the_long_way(source: str) -> str:
    renderer = rendering._Renderer()
    renderer.md.treeprocessors.register(treeprocessors.InlineProcessor(renderer.md), "inline", 20)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rendering, "_has_no_marks", lambda source: False)
        patch.setattr(safe, "_ONLY_PARAGRAPHS", re.compile("(?!)"))
        patch.setattr(rendering, "_renderer", renderer)
        return rendering.rendered(source, NAMES)


@tries(max_examples=120)
@given(typed())
def test_what_came_through_the_door_may_come_through_again_unchanged(source: str) -> None:
    html = str(to_html(source, mentions=NAMES))
    assert cleaned(html).strip() == html


@pytest.mark.parametrize("material", [naughty_strings, markdown_examples, raw_posts, cooked_posts])
def test_real_texts_come_out_clean_agreed_on_and_fit_for_a_page(material, request: pytest.FixtureRequest) -> None:
    shown = []
    for source in material():
        html = to_html(source)
        assert not list(faults(html)), source
        first = first_sanitiser(html)
        assert events(second_sanitiser(first)) == events(first) == events(html), source
        shown.append(f"<div>\n{html}\n</div>")
    body = "\n".join(shown)
    page = f'<!DOCTYPE html><html lang="en"><head><title>Texts</title></head><body><h1>A</h1><h2>B</h2>{body}</body></html>'
    pages.keep(f"/rendered/{material.__name__}", page, status=200, test=request.node.nodeid)


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "javascript:123",
        "JaVaScRiPt:alert(1)",
        "javascript&colon;alert(1)",
        "&#106;avascript:alert(1)",
        "java\tscript:alert(1)",
        "vbscript:x",
        "data:text/html,<script>alert(1)</script>",
        "https://bank.example@evil.example/",
        "/\\evil.example",
        "ftp://example.org",
        "file:///etc/passwd",
    ],
)
def test_an_address_that_could_do_harm_is_no_link(address: str) -> None:
    for source in (
        f"[look]({address})",
        f"[look](<{address}>)",
        f"<{address}>",
        f"![look]({address})",
        f"[a]: {address}\n\n[a]",
    ):
        assert "href" not in to_html(source), source


@pytest.mark.parametrize("address", ["javascript:alert(1)", "javascript:123", "//evil.example", "data:x", "x y"])
@pytest.mark.parametrize("sanitiser", [first_sanitiser, second_sanitiser])
def test_each_sanitiser_alone_would_stop_it(sanitiser, address: str) -> None:
    dirty = f'<a href="{address}" onclick="x()" id="x" style="y">a</a><img src="{address}" onerror="x()"><script>x()</script>'
    found = events(sanitiser(dirty))
    assert not [event for event in found if event[0] == "start" and (event[2] or event[1] not in ("a", "img"))]


def test_html_that_people_paste_is_shown_as_they_pasted_it() -> None:
    assert to_html("<b onclick=x>hello</b> & <script>alert(1)</script>") == (
        "<p>&lt;b onclick=x&gt;hello&lt;/b&gt; &amp; &lt;script&gt;alert(1)&lt;/script&gt;</p>"
    )


def test_controls_vanish_and_newlines_are_newlines() -> None:
    assert to_html("a\x00b\x1b\r\nc\u2028d\ufeff\ud800") == "<p>ab<br>\nc<br>\nd</p>"


def test_letters_with_accents_are_stored_in_one_form() -> None:
    assert to_html("cafe\u0301") == "<p>café</p>"
    assert len(to_html("e" + "\u0301\u0323" * 5000)) < 50


# ---------------------------------------------------------------- it reads as it was meant


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("", ""),
        ("   \n\n ", ""),
        ("one\ntwo", "<p>one<br>\ntwo</p>"),
        (
            "**so** *very* ~~tired~~ `x<y`",
            "<p><strong>so</strong> <em>very</em> <del>tired</del> <code>x&lt;y</code></p>",
        ),
        ("My day:\n- up\n- down\n\nEnd", "<p>My day:</p>\n<ul>\n<li>up</li>\n<li>down</li>\n</ul>\n<p>End</p>"),
        ("3. three\n4. four", '<ol start="3">\n<li>three</li>\n<li>four</li>\n</ol>'),
        ("> she said\nI answered", "<blockquote>\n<p>she said</p>\n</blockquote>\n<p>I answered</p>"),
        ("#carersweek is here", "<p>#carersweek is here</p>"),
        ("She sighed.\n---\nSo did I.", "<p>She sighed.</p>\n<hr>\n<p>So did I.</p>"),
        ("```js\n<b> & @mary\n```", "<pre><code>&lt;b&gt; &amp; @mary\n</code></pre>"),
        (
            "~~~\n>>>>>>> a\n- - - - - - - - b\n~~~",
            "<pre><code>&gt;&gt;&gt;&gt;&gt;&gt;&gt; a\n- - - - - - - - b\n</code></pre>",
        ),
        (
            "![our cat|690x388](/uploads/ab/cd.png)",
            '<p><img alt="our cat" loading="lazy" src="/uploads/ab/cd.png"></p>',
        ),
        ("# ", "<p></p>"),
        ("[Update]: done", "<p>[Update]: done</p>"),
        (
            "[tea][1]\n\n[1]: https://a.example",
            '<p><a href="https://a.example" rel="nofollow noopener ugc">tea</a></p>',
        ),
    ],
)
def test_markdown(source: str, html: str) -> None:
    assert to_html(source) == html


def test_a_bare_address_becomes_a_link_without_the_full_stop_after_it() -> None:
    html = to_html("See (https://a.example/b_c_d*e*). Or www.b.example, or ann@example.org!")
    hrefs = [dict(event[2])["href"] for event in events(html) if event[:2] == ("start", "a")]  # type: ignore[call-overload]
    assert hrefs == ["https://a.example/b_c_d*e", "https://www.b.example", "mailto:ann@example.org"]
    assert "<em>" not in html


def test_a_sentence_without_a_space_after_its_full_stop_is_no_address() -> None:
    assert "<a" not in to_html("I was so tired.my mum too. Look at config.py")


def test_every_link_says_that_we_do_not_vouch_for_it() -> None:
    assert to_html("[a](https://a.example)").count('rel="nofollow noopener ugc"') == 1


def test_a_picture_from_elsewhere_is_a_link_so_that_nothing_is_loaded_from_there() -> None:
    assert to_html("![a cat](https://tracker.example/cat.png)") == (
        '<p><a href="https://tracker.example/cat.png" rel="nofollow noopener ugc">a cat</a></p>'
    )
    assert "<img" not in to_html("![x](/uploads/../secret) ![y](//a.example/uploads/z.png) ![z](/uploads/a%2e.png)")


def test_a_picture_inside_a_link_does_not_make_a_link_inside_a_link() -> None:
    assert to_html("[![alt](https://b.example/x.png)](https://a.example)") == (
        '<p><a href="https://a.example" rel="nofollow noopener ugc">alt</a></p>'
    )


def test_headings_fit_under_the_page_and_skip_no_level() -> None:
    html = to_html("# Big\n#### Small\n## Middle\n# Big again\n###### Tiny")
    assert [event[1] for event in events(html) if event[0] == "start"] == ["h3", "h4", "h4", "h3", "h4"]


def test_a_table_is_a_table_and_its_rows_are_all_as_wide_as_its_head() -> None:
    html = to_html("| a | b |\n|:--|--:|\n| 1 | 2 | 3 |\n| 4 |")
    assert "style" not in html
    assert html.count("<td>") == 4


# ---------------------------------------------------------------- quotes


def test_a_quote_says_who_said_it_and_leads_there() -> None:
    html = to_html(quote_block("Tea helps.", name="Mary", post=3, thread=12) + "\nIt does.")
    assert html == (
        '<blockquote class="quote">\n<cite><a href="/t/12/-/3" rel="nofollow noopener ugc">Mary</a></cite>\n'
        "<p>Tea helps.</p>\n</blockquote>\n<p>It does.</p>"
    )


def test_quotes_stand_inside_quotes_but_not_for_ever() -> None:
    html = to_html('[quote="x"]\n' * 50 + "deep" + "\n[/quote]" * 50)
    assert html.count('<blockquote class="quote">') == 4
    assert "deep" in html


@pytest.mark.parametrize(
    "source",
    ['[quote="Mary"]\nnever closed', "closed, never opened\n[/quote]", "```\n[quote]\nx\n[/quote]\n```", "`[quote]`"],
)
def test_a_quote_without_its_partner_or_in_code_is_words(source: str) -> None:
    html = to_html(source)
    assert "blockquote" not in html
    assert "quote" in html


def test_an_unclosed_quote_does_not_tear_a_sentence_apart() -> None:
    source = '[quote="Mary"]\nA *long\n[quote="Bob"]x[/quote]\nday*\n[quote]\nmore'
    html = to_html(source)
    assert html.count("<blockquote") == 1
    assert to_html("a\n[quote] *b\nc* [/quote") == "<p>a<br>\n[quote] <em>b<br>\nc</em> [/quote</p>"


def test_a_name_in_a_quote_cannot_break_out() -> None:
    html = to_html('[quote="<img src=x>&quot; onclick=1, post:999999999999, thread:-1"]\nx\n[/quote]')
    assert not list(faults(html))
    assert "href" not in html


def test_somebody_elses_topic_number_is_no_link_until_it_is_translated() -> None:
    source = '[quote="Mary, post:3, topic:2"]\nx\n[/quote]'
    assert "href" not in to_html(source)
    assert 'href="/t/77/-/3"' in to_html(renumber_quotes(source, {2: 77}.get))
    assert renumber_quotes(source, {}.get) == '[quote="Mary, post:3"]\nx\n[/quote]'


# ---------------------------------------------------------------- mentions


def test_a_mention_leads_to_whoever_has_that_name() -> None:
    html = to_html('@mary, @"Mary Ann" and @nobody', mentions={"Mary": "mary", "Mary Ann": "Mary Ann"})
    assert 'href="/m/mary"' in html
    assert 'href="/m/Mary%20Ann"' in html
    assert "@nobody" in html
    assert html.count("<a ") == 2
    assert to_html("@mary", mentions=lambda name: name.upper()).count('href="/m/MARY"') == 1


def test_a_mention_in_code_or_in_an_address_is_none() -> None:
    assert "mention" not in to_html("`@mary` x@mary.example https://a.example/@mary", mentions=NAMES)


def test_only_people_called_outside_quotes_and_code_are_called() -> None:
    source = '@ann, @Bob and @bob.\n> @carol\n\n`@dan`\n\n[quote="@eve"]\n@fay\n[/quote]\n\n```\n@gus\n```\n@"Mary Ann" a@b.example'
    assert mentions_in(source) == ["ann", "Bob", "Mary Ann"]
    assert len(mentions_in(" ".join(f"@name{n}" for n in range(100)))) == 20
    assert mentions_in(f"{mention_of('Mary Ann')} {mention_of('bob')}") == ["Mary Ann", "bob"]


# ---------------------------------------------------------------- the type


def test_safe_html_is_made_at_the_door_only() -> None:
    with pytest.raises(TypeError):
        SafeHtml("<script>")
    with pytest.raises(TypeError):
        type("Mine", (SafeHtml,), {})
    assert is_safe(stored_html("<p>a</p>"))
    assert not is_safe("<p>a</p>")
    assert not is_safe(Markup("<p>a</p>"))


def test_what_is_made_out_of_safe_html_is_not_safe_html() -> None:
    html = to_html("a")
    for other in (
        html + "b",
        "b" + html,
        html * 2,
        html[1:],
        html.replace("a", "b"),
        html.format(),
        html.join("ab"),
        html.upper(),
    ):
        assert not is_safe(other)
    assert type(pickle.loads(pickle.dumps(html))) is str
    assert copy.deepcopy(html) is html
    assert html + "<" == Markup("<p>a</p>&lt;")


def test_a_template_shows_safe_html_as_it_is() -> None:
    environment = jinja2.Environment(autoescape=True)
    html = to_html("*a*")
    assert environment.from_string("{{ html }}{{ html ~ '<' }}").render(html=html) == f"{html}{html}&lt;"
    assert escape(html) == html
    assert f"{html}" == str(html) == "<p><em>a</em></p>"


# ---------------------------------------------------------------- hostile texts


@pytest.mark.parametrize(
    "source",
    [
        "[" * 20_000,
        ">" * 1_000_000,
        "![](" * 5_000,
        "*a **b " * 20_000,
        "- " * 5_000,
        "`" * 9_999 + " x",
        "<" * 100_000,
    ],
    ids=lambda source: source[:4],
)
def test_a_bomb_comes_out_clean(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forum.text.door.SECONDS", 0.3)
    html = to_html(source)
    assert is_safe(html)
    assert not list(faults(html))


def test_a_text_that_takes_too_long_is_kept_as_it_was_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forum.text.door.SECONDS", 0.3)
    html = to_html("[" * 20_000 + "\nand *stars*\n\n<next>")
    assert html.endswith("[<br>\nand *stars*</p>\n<p>&lt;next&gt;</p>")


def test_heavy_texts_hold_a_few_threads_at_most_and_others_are_rendered_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("forum.text.door.SECONDS", 0.5)
    rendered_texts, refused = [], []

    def write() -> None:
        try:
            rendered_texts.append(to_html("[" * 20_000))
        except TooOften as trouble:
            refused.append(trouble.message)

    people = [threading.Thread(target=write) for _ in range(_MOST_HEAVY + 3)]
    for person in people:
        person.start()
    assert to_html("a *short* text") == "<p>a <em>short</em> text</p>"
    for person in people:
        person.join()
    assert len(rendered_texts) >= _MOST_HEAVY
    assert refused
    assert all("still in the box" in sentence for sentence in refused)
    assert to_html("A *line*.\n\n" * 400).count("<em>") == 400


def test_a_long_honest_post_is_rendered_in_full() -> None:
    source = "\n\n".join(
        f"Paragraph {n} of a **long** night with [a link](https://a.example/{n})." for n in range(1000)
    )
    assert len(source) > 60_000
    assert is_heavy(source)
    assert to_html(source).count("<strong>") == 1000


def test_the_helper_says_what_we_would_have_said() -> None:
    source = "A *line* with @mary.\n\n" * 400
    assert is_heavy(source)
    assert to_html(source, mentions=NAMES) == rendered(tidy(source), {"mary": "mary"})


def test_a_text_that_breaks_the_renderer_is_kept_as_it_was_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> str:
        raise RecursionError

    monkeypatch.setattr("forum.text.door.rendered", broken)
    assert rendered_here("*a*\nb", {}) == "<p>*a*<br>\nb</p>"


def test_threads_do_not_mix_their_texts() -> None:
    wrong: list[str] = []

    def render(word: str) -> None:
        for _ in range(40):
            html = to_html(f"# {word}\n\n[{word}][x] and *{word}*\n\n[x]: https://{word}.example")
            wrong.extend([html] if html.count(word) != 4 else [])

    threads = [threading.Thread(target=render, args=(word,)) for word in ("tea", "cake", "milk")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("https://a.example/b?c=d&e=f#g", "https://a.example/b?c=d&e=f#g"),
        ("www.a.example/x y", "https://www.a.example/x%20y"),
        ("a.example", "https://a.example"),
        ("HTTP://Ä.example/ü", "http://xn--4ca.example/%C3%BC"),
        ("http://a.example/%zz", "http://a.example/%25zz"),
        ("http://1.2.3.4/", "http://1.2.3.4/"),
        ("http://999.2.3.4/", None),
        ("http://a.example:99999/", None),
        ("mailto:ann@example.org?subject=a b", "mailto:ann@example.org?subject=a%20b"),
        ("tel:+44 (0)20 7946", "tel:+440207946"),
        ("/t/1/tea#x", "/t/1/tea#x"),
        ("//a.example", "https://a.example"),
        ("next-page", None),
        ("#top", None),
        ("https://", None),
        ("http://a.example/" + "x" * 3000, None),
    ],
)
def test_addresses(written: str, address: str | None) -> None:
    assert web_address(written) == address


def test_a_name_may_stand_for_a_place_in_a_thread() -> None:
    assert 'href="/t/12/-/3"' in to_html('@"Quiet Robin"', mentions={"Quiet Robin": "/t/12/-/3"})


def test_quotes_and_calls_take_another_name() -> None:
    source = (
        'Hello @Ann and @annie\n\n[quote="Ann, post:3, thread:12"]\n'
        '[quote="Bo, post:1, thread:9"]\nx\n[/quote]\n@Ann y\n[/quote]\n'
    )
    names = {(12, 3): "Quiet Robin"}
    signed = attributed(source, lambda quote: names.get((quote.thread or 0, quote.post or 0)))
    told = recalled(signed, was="ann", now="Quiet Robin")
    assert told == (
        'Hello @"Quiet Robin" and @annie\n\n[quote="Quiet Robin, post:3, thread:12"]\n'
        '[quote="Bo, post:1, thread:9"]\nx\n[/quote]\n@"Quiet Robin" y\n[/quote]\n'
    )
    assert "Ann<" not in to_html(told)
