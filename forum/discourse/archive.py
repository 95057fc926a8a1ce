"""Reading a Discourse archive: a folder or a file of JSON becomes a stream of topics, one at a time, in a steady order.

A broken file costs itself and nothing more: it comes out as a `Skipped` with a sentence, and the rest arrives. Nothing
outside the source is ever read: links are not followed and file names inside the JSON are not believed.
"""

import codecs
import dataclasses
import io
import json
import os
import re
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from forum.discourse import raw
from forum.discourse.records import (
    ArchivedCategory,
    ArchivedTopic,
    NotATopic,
    PrivateMessage,
    Skipped,
    category,
    mappings,
    topic,
)
from forum.errors import Invalid, NotFound
from forum.text import _

LARGEST_TOPIC = 64 * 1024 * 1024
LARGEST_LIST = 16 * 1024**3
CHUNK = 1024 * 1024
CATEGORY_FILES = ("categories.json", "site.json")
DEEPEST = 12
LAST = 10**16
BETWEEN = re.compile(r"[\s,]*")
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
NUMBER = re.compile(r"(\d+)")
TOPIC_ID = re.compile(r"(?:^|[._-])(\d{1,15})(?:[._-]|$)")

SortKey = tuple[int, list[str | int]]


class Unreadable(ValueError):
    """A file that cannot be used; its message is a sentence for the reader."""


class Archive:
    """An archive found at a source. Make one with `open_archive`.

    *files* counts the files there are to read and *files_read* those behind us, so that progress can be shown.
    """

    def __init__(self, source: Path, paths: list[Path], *, base: Path, raw_folder: Path | None) -> None:
        self.source = source
        self.files = len(paths)
        self.files_read = 0
        self._paths = paths
        self._base = base
        self._raw_folder = raw_folder

    @property
    def place(self) -> str:
        """Where the archive is, the same for its root, its json folder and a file in it."""
        folder = self.source if self.source.is_dir() else self.source.parent
        return str(folder.parent if folder.name == "json" else folder)

    def categories(self) -> tuple[dict[int, ArchivedCategory], list[Skipped]]:
        """Categories by their Discourse id, as far as the archive names them, and what could not be read of them."""
        found: dict[int, ArchivedCategory] = {}
        skipped = []
        for folder in dict.fromkeys((self._base, self._base.parent if self._base.name == "json" else self._base)):
            for name in CATEGORY_FILES:
                path = folder / name
                if not path.is_file() or path.is_symlink():
                    continue
                try:
                    content = _load(path)
                except Unreadable as trouble:
                    skipped.append(Skipped(self.name_of(path), str(trouble)))
                    continue
                for each in _categories_in(content):
                    found.setdefault(each.foreign_id, each)
        return found, skipped

    def topics(self) -> Iterator[ArchivedTopic | Skipped]:
        """Every topic once, in order of its id, with whatever had to be left out said in between.

        A topic that is spread over several files comes once per file, each time with only the posts not yet seen.
        """
        self.files_read = 0
        seen: dict[int, _Seen] = {}
        for path in self._paths:
            for found in self._topics_in(path):
                if isinstance(found, ArchivedTopic):
                    yield from _unseen(found, seen)
                else:
                    yield found
            self.files_read += 1
        for each in seen.values():
            missing = each.promised - each.count
            if missing > 0:
                yield Skipped(
                    each.path,
                    str(
                        _(
                            "%(missing)s of this topic's %(all)s posts are not in the archive.",
                            missing=missing,
                            all=each.promised,
                        )
                    ),
                )

    def name_of(self, path: Path) -> str:
        """How *path* is called in reports: its place below the source, in characters that can be printed."""
        root = self.source if self.source.is_dir() else self.source.parent
        below = path.relative_to(root) if path.is_relative_to(root) else Path(path.name)
        return UNPRINTABLE.sub("?", os.fsencode(below).decode("utf-8", "replace"))

    def _topics_in(self, path: Path) -> Iterator[ArchivedTopic | Skipped]:
        name = self.name_of(path)
        raw_path = self._raw_beside(path)
        try:
            otherwise_at = datetime.fromtimestamp(max(path.lstat().st_mtime, 0), UTC)
            for content in _topics_of_file(path):
                try:
                    found = topic(content, path=name, otherwise_at=otherwise_at)
                except NotATopic:
                    yield Skipped(name, str(_("This file does not hold a Discourse topic with its posts.")))
                    continue
                except PrivateMessage:
                    yield Skipped(name, str(_("This is a private message, and private messages are not imported.")))
                    continue
                yield with_markdown(found, raw_path) if raw_path else found
        except Unreadable as trouble:
            yield Skipped(name, str(trouble))
        except OSError:
            yield Skipped(name, str(_("This file can't be opened. Check that it is there and may be read.")))

    def _raw_beside(self, path: Path) -> Path | None:
        """The Markdown of the topic in *path*, if the archive has it; only ever a plain file inside the archive."""
        below = path.relative_to(self._base) if path.is_relative_to(self._base) else Path(path.name)
        folders = [self._raw_folder / below] if self._raw_folder else []
        for beside in (*folders, path):
            markdown = beside.with_suffix(".md")
            try:
                if stat.S_ISREG(markdown.lstat().st_mode):
                    return markdown
            except (OSError, ValueError):
                continue
        return None


@dataclasses.dataclass(slots=True)
class _Seen:
    """Which posts of a topic came already: bit n stands for post number n, so that a million posts stay small."""

    path: str
    promised: int
    count: int = 0
    numbers: int = 0


def open_archive(source: str) -> Archive:
    """The archive at *source*: its root (with ``json/`` and ``raw/``), a folder of topics, or one file of them.

    Raises NotFound where nothing is there, Invalid where it holds no JSON or cannot be opened.
    """
    try:
        root = Path(source).resolve(strict=True)
        kind = root.stat().st_mode
        if stat.S_ISREG(kind):
            folder = root.parent
            raw_folder = _folder(folder.parent / "raw") if folder.name == "json" else _folder(folder / "raw")
            return Archive(root, [root], base=folder, raw_folder=raw_folder)
        if not stat.S_ISDIR(kind):
            raise Invalid(_("%(source)s is neither a folder nor a file.", source=source))
        base = _folder(root / "json") or root
        paths = [path for _key, path in sorted(_json_files(base, base, 0), key=lambda pair: pair[0])]
    except (FileNotFoundError, NotADirectoryError, ValueError) as missing:
        raise NotFound(
            _("There is nothing at %(source)s. Check the spelling of the folder or file.", source=source)
        ) from missing
    except (OSError, RuntimeError) as refused:
        raise Invalid(_("%(source)s can't be opened. Check that you may read it.", source=source)) from refused
    if not paths:
        raise Invalid(_("There are no JSON files in %(source)s.", source=source))
    beside = root.parent if base == root and root.name == "json" else root
    return Archive(root, paths, base=base, raw_folder=_folder(beside / "raw"))


def with_markdown(found: ArchivedTopic, raw_path: Path) -> ArchivedTopic:
    """*found* with every post's own Markdown that the text at *raw_path* gives beyond doubt."""
    try:
        text = _read(raw_path)
    except (Unreadable, OSError):
        return found
    words = raw.words_by_number(text, found.posts)
    posts = tuple(
        dataclasses.replace(post, markdown=words[post.number])
        if post.markdown is None and not post.is_deleted and post.number in words
        else post
        for post in found.posts
    )
    return dataclasses.replace(found, posts=posts)


def _unseen(found: ArchivedTopic, seen: dict[int, _Seen]) -> Iterator[ArchivedTopic | Skipped]:
    """*found* with the posts that did not come before, and a word about what is left out of it."""
    before = seen.get(found.foreign_id)
    if before is None:
        before = seen[found.foreign_id] = _Seen(found.path, found.posts_promised, count=found.staff_notes)
        new = found.posts
    else:
        before.promised = max(before.promised, found.posts_promised)
        new = tuple(post for post in found.posts if not before.numbers >> post.number & 1)
        if not new:
            yield Skipped(
                found.path,
                str(_("Topic %(id)s was already read from %(path)s.", id=found.foreign_id, path=before.path)),
            )
            return
        before.count += found.staff_notes
    for post in new:
        before.numbers |= 1 << post.number
    before.count += len(new)
    if found.staff_notes:
        yield Skipped(found.path, str(_("%(count)s staff-only notes were left out.", count=found.staff_notes)))
    yield found if len(new) == len(found.posts) else dataclasses.replace(found, posts=new)


def _folder(path: Path) -> Path | None:
    return path if path.is_dir() and not path.is_symlink() else None


def _json_files(folder: Path, base: Path, depth: int) -> Iterator[tuple[SortKey, Path]]:
    """JSON files below *folder* with what to sort them by: topic id, then name. Links to folders are passed over."""
    with os.scandir(folder) as entries:
        for entry in entries:
            path = Path(entry.path)
            if entry.is_dir(follow_symlinks=False):
                if depth < DEEPEST and not entry.name.startswith("."):
                    yield from _json_files(path, base, depth + 1)
            elif path.suffix.lower() == ".json" and not entry.name.startswith("."):
                if path.parent == base and entry.name in CATEGORY_FILES:
                    continue
                yield _sort_key(path, base), path


def _sort_key(path: Path, base: Path) -> SortKey:
    ids = TOPIC_ID.findall(path.stem)
    parts = NUMBER.split(str(path.relative_to(base)))
    return int(ids[-1]) if ids else LAST, [_part(index, part) for index, part in enumerate(parts)]


def _part(index: int, part: str) -> str | int:
    return int(part[:18]) if index % 2 else part


def _categories_in(content: Any) -> Iterator[ArchivedCategory]:
    """Categories wherever Discourse's own answers keep them: /categories.json, /site.json, or a bare list."""
    if isinstance(content, dict):
        inner = content.get("category_list")
        listed = inner.get("categories") if isinstance(inner, dict) else content.get("categories")
    else:
        listed = content
    for found in mappings(listed):
        for each in (found, *mappings(found.get("subcategory_list"))):
            read = category(each)
            if read:
                yield read


def _open(path: Path, largest: int) -> BinaryIO:
    """*path* opened for reading bytes. Raises Unreadable for links, odd files, empty ones and those above *largest*."""
    described = path.lstat()
    if stat.S_ISLNK(described.st_mode):
        raise Unreadable(_("This is a link to somewhere else, and links are not followed."))
    if not stat.S_ISREG(described.st_mode):
        raise Unreadable(_("This is not an ordinary file."))
    if described.st_size == 0:
        raise Unreadable(_("This file is empty."))
    if described.st_size > largest:
        raise _too_large(largest)
    return os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | getattr(os, "O_CLOEXEC", 0)), "rb")


def _read(path: Path) -> str:
    with _open(path, LARGEST_TOPIC) as file:
        return decoded(file.read(LARGEST_TOPIC))


def decoded(content: bytes) -> str:
    """Text from bytes of unknown encoding: a byte order mark or JSON's own zero bytes decide, then UTF-8, then Windows.

    A text that is nearly all UTF-8 stays so, with its few broken characters replaced."""
    encoding = _marked_encoding(content[:4])
    if encoding:
        return content.decode(encoding, "replace").removeprefix("\ufeff")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        mended = content.decode("utf-8", "replace")
        broken = mended.count("\ufffd")
        if len(content) - len(mended) > broken:
            return mended
        return content.decode("cp1252", "replace")


def _marked_encoding(start: bytes) -> str:
    for mark, encoding in (
        (codecs.BOM_UTF32_LE, "utf-32"),
        (codecs.BOM_UTF32_BE, "utf-32"),
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if start.startswith(mark):
            return encoding
    if len(start) == 4 and start[0] == 0 and start[1] != 0:
        return "utf-16-be"
    if len(start) == 4 and start[0] != 0 and start[1] == 0:
        return "utf-16-le" if start[2] or start[3] else "utf-32-le"
    return ""


def _load(path: Path) -> Any:
    return _parsed(_read(path))


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except RecursionError as deep:
        raise Unreadable(_("This file is nested too deeply to be a Discourse topic.")) from deep
    except ValueError as broken:
        where = getattr(broken, "pos", None)
        if (where is not None and len(text.rstrip()) - where <= 1) or "Unterminated" in str(broken):
            raise Unreadable(_("This file breaks off in the middle. It was probably cut short.")) from broken
        raise Unreadable(_("This file is not readable JSON.")) from broken


def _topics_of_file(path: Path) -> Iterator[Any]:
    """Every piece of JSON in *path* that may be a topic: the file itself, or the members of the list that it holds."""
    with _open(path, LARGEST_LIST) as file:
        content = file.read(LARGEST_TOPIC)
        if os.fstat(file.fileno()).st_size > LARGEST_TOPIC:
            if decoded(content[:64]).lstrip()[:1] != "[":
                raise _too_large(LARGEST_TOPIC)
            del content
            yield from _members(io.TextIOWrapper(file, encoding=_encoding_of(file), errors="replace"))
            return
        text = decoded(content)
    if text.lstrip()[:1] == "[":
        yield from _members(io.StringIO(text))
        return
    found = _parsed(text)
    if isinstance(found, dict) and "post_stream" not in found and isinstance(found.get("topics"), list):
        yield from found["topics"]
    else:
        yield found


def _encoding_of(file: BinaryIO) -> str:
    """The encoding of a *file* too large to hold, left at its start again."""
    file.seek(0)
    encoding = _marked_encoding(file.read(4))
    file.seek(0)
    if not encoding:
        reader = codecs.getincrementaldecoder("utf-8")("strict")
        try:
            while chunk := file.read(CHUNK):
                reader.decode(chunk)
            encoding = "utf-8"
        except UnicodeDecodeError:
            encoding = "cp1252"
        file.seek(0)
    return encoding


def _members(text: TextIO) -> Iterator[Any]:
    """The members of a JSON list, one at a time: what stands before a break in the file arrives, then Unreadable."""
    decoder = json.JSONDecoder()
    reason: ValueError | None = None
    buffer = text.read(CHUNK)
    at = buffer.index("[") + 1
    while True:
        at = BETWEEN.match(buffer, at).end()  # type: ignore[union-attr]
        if at < len(buffer):
            if buffer[at] == "]":
                return
            try:
                member, at = decoder.raw_decode(buffer, at)
            except RecursionError as deep:
                raise Unreadable(_("This file is nested too deeply to hold Discourse topics.")) from deep
            except ValueError as broken:
                reason = broken
            else:
                yield member
                continue
            if len(buffer) - at > LARGEST_TOPIC:
                raise _too_large(LARGEST_TOPIC)
        more = text.read(max(CHUNK, len(buffer) - at))
        if not more:
            raise Unreadable(_("This list breaks off in the middle. What stands before the break arrives.")) from reason
        buffer, at = buffer[at:] + more, 0


def _too_large(limit: int) -> Unreadable:
    return Unreadable(
        _("This file is larger than %(megabytes)s MB, more than one topic can be.", megabytes=limit // (1024 * 1024))
    )
