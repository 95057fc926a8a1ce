"""Posts that were written in Discourse."""

import functools

import pytest
from hypothesis import given
from hypothesis import settings as tries

from forum.text import from_html, from_raw, is_safe, mentions_in, render_many, to_html, to_plain
from tests.text.looking import faults, typed, words
from tests.text.material import cooked_posts, raw_posts

ASIDE = (
    '<aside class="quote no-group" data-username="mary" data-post="3" data-topic="2"><div class="title">'
    '<div class="quote-controls"></div><img src="//a.example/m.png" class="avatar"> mary:</div>'
    "<blockquote><p>Tea <strong>helps</strong>.</p></blockquote></aside><p>It does.</p>"
)


@pytest.mark.parametrize(
    ("cooked", "source"),
    [
        ("<p>one<br>\ntwo</p>\n<p>three</p>", "one\ntwo\n\nthree"),
        ("<p><strong>a</strong> <em>b</em><s> c</s></p>", "**a** *b* ~~c~~"),
        ('<pre><code class="lang-cpp">a &lt; b;\n</code></pre>', "```cpp\na < b;\n```"),
        ('<pre><code class="lang-auto">``` x</code></pre>', "````\n``` x\n````"),
        ("<p>press <code>a`b</code></p>", "press ``a`b``"),
        ("<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>", "- a\n    - b\n- c"),
        ('<ol start="3"><li><p>a</p><p>b</p></li><li>c</li></ol>', "3. a\n\n    b\n\n4. c"),
        ('<p>hi <img src="x" class="emoji" alt=":slight_smile:"> <img class="emoji" alt=":heart:"></p>', "hi 🙂 ❤️"),
        ('<p><a class="mention" href="/u/mary">@mary</a> hello</p>', "@mary hello"),
        ('<p><a href="https://a.example/x">https://a.example/x</a></p>', "https://a.example/x"),
        ('<p><a href="https://a.example/x_(y)">the <em>page</em></a></p>', "[the *page*](<https://a.example/x_(y)>)"),
        (
            ('<div class="lightbox-wrapper"><a class="lightbox" href="//a.example/big.png"><img src="s.png" alt="cat">'
            '<div class="meta"><span class="filename">cat.png</span></div></a></div>'),
            "![cat](https://a.example/big.png)",
        ),
        (
            ('<aside class="onebox x"><header class="source"><a href="https://a.example/1">a.example</a></header>'
            '<article><h3><a href="https://a.example/1">A title</a></h3><p>more</p></article></aside>'),
            "[A title](https://a.example/1)",
        ),
        (
            '<div class="lazyYT" data-youtube-id="abc" data-youtube-title="Film"></div>',
            "[Film](https://www.youtube.com/watch?v=abc)",
        ),
        (
            ('<div class="poll"><div><div class="poll-container"><ul><li>yes</li><li>no</li></ul></div>'
            '<div class="poll-info"><p>0 voters</p></div></div></div>'),
            "- yes\n- no",
        ),
        ("<table><tr><th>a</th><th>b|c</th></tr><tr><td>1</td></tr></table>", "| a | b\\|c |\n| --- | --- |\n| 1 |  |"),
        ("<h2>Title</h2><hr><blockquote><p>a</p><p>b</p></blockquote>", "## Title\n\n---\n\n> a\n>\n> b"),
        ("<details><summary>More</summary><p>hidden</p></details>", "**More**\n\nhidden"),
        ("<p># no heading<br>1. no list<br>- no item<br>*stars* [x](y) &amp;lt;</p>",
         "\\# no heading\n1\\. no list\n\\- no item\n\\*stars\\* \\[x](y) &amp;lt;"),
        ("", ""),
        ("just words", "just words"),
    ],
)  # fmt: skip
def test_cooked_html_becomes_markdown(cooked: str, source: str) -> None:
    assert from_html(cooked) == source


def test_a_quote_keeps_who_and_where() -> None:
    assert from_html(ASIDE) == '[quote="mary, post:3, topic:2"]\nTea **helps**.\n[/quote]\n\nIt does.'
    html = to_html(from_html(ASIDE, thread_of={2: 77}.get))
    assert 'href="/t/77/-/3"' in html
    assert to_plain(html) == "mary\nTea helps.\nIt does."


@tries(max_examples=120)
@given(typed())
def test_no_html_breaks_it_and_none_leaks(cooked: str) -> None:
    html = to_html(from_html(cooked))
    assert not list(faults(html))
    assert is_safe(to_html(from_raw(cooked)))


def test_real_posts_keep_their_words() -> None:
    """Most of them all; names of quoted people, titles of previews and pictures' captions may move or go."""
    kept = posts = 0
    for cooked in cooked_posts():
        html = to_html(from_html(cooked))
        assert not list(faults(html))
        if any(mark in cooked for mark in ("<aside", "<img", "onebox", "lazyYT", "poll", "<video", "hashtag", "http")):
            continue
        posts += 1
        kept += words(html) == words(cooked)
    assert posts > 50
    assert kept >= posts * 0.97


@pytest.mark.parametrize(
    ("raw", "source"),
    [
        ("[b]bold[/b] and [i]slanted[/i] :slight_smile:", "**bold** and *slanted* 🙂"),
        (
            "[url=https://a.example]here[/url] [url]https://b.example[/url]",
            "[here](https://a.example) https://b.example",
        ),
        ("[img]https://a.example/x.png[/img]", "![](https://a.example/x.png)"),
        ("see [code]a[0][/code]", "see `a[0]`"),
        ("[code]\na :smile:\n[b]x[/b]\n[/code]", "\n```\na :smile:\n[b]x[/b]\n```\n"),
        ("`:smile: <b>`", "`:smile: <b>`"),
        ("a<br>b <b>c</b><!-- d -->", "a\nb **c**"),
        ("at 10:30:45 and a::b::c std::string", "at 10:30:45 and a::b::c std::string"),
        ("nothing special", "nothing special"),
    ],
)
def test_raw_markdown_of_discourse_becomes_ours(raw: str, source: str) -> None:
    assert from_raw(raw) == source


def test_many_posts_come_out_in_order_each_as_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forum.text.door.SECONDS", 0.3)
    items = [f"{n} *night* :tea: @mary" for n in range(250)] + ["[" * 20_000, "<b>x</b>" + "*a* " * 3000, ""]
    done = list(render_many(items, prepare=functools.partial(from_raw, thread_of=None), mentions={"mary": "mary"}))
    assert len(done) == len(items)
    assert [post.source[:4] for post in done[:3]] == ["0 *n", "1 *n", "2 *n"]
    assert all(is_safe(post.html) and post.plain == to_plain(post.html) for post in done)
    assert done[7].html == to_html(done[7].source, mentions={"mary": "mary"})
    assert done[-3].html.startswith("<p>[[[[")


@pytest.mark.parametrize("piece", ["[quote]", "`", "`a", "[b]", "[code]", "<!--", "<a href=x>", "@a.", "<div>", "&a;"])
def test_a_hostile_archive_is_read_without_searching_for_ever(piece: str) -> None:
    source = piece * (150_000 // len(piece))
    assert len(from_raw(source)) >= len(source) // 2
    from_html(source)
    assert len(mentions_in(source)) <= 20


def _refuse(item: str) -> str:
    raise LookupError(item)


def test_what_goes_wrong_over_there_is_said_here() -> None:
    with pytest.raises(LookupError, match="tea"):
        list(render_many(["tea"], prepare=_refuse))


def test_real_raw_posts_come_out_clean() -> None:
    for raw in raw_posts():
        assert not list(faults(to_html(from_raw(raw))))
