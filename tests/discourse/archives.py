"""Small made-up Discourse archives, in the shape Discourse answers with."""

import json
from pathlib import Path

RULE = "-------------------------"


def post(number, username="ada", words="Hello there.", **changes):
    """One post as Discourse's topic JSON holds it."""
    return {
        "id": 1000 + number,
        "username": username,
        "user_id": sum(map(ord, username or "")),
        "created_at": f"2021-03-04T10:{number % 60:02}:00.000Z",
        "updated_at": f"2021-03-04T10:{number % 60:02}:30.500Z",
        "cooked": f"<p>{words}</p>",
        "post_number": number,
        "post_type": 1,
        "reply_to_post_number": None,
        "version": 1,
        "actions_summary": [],
        "hidden": False,
        "deleted_at": None,
        "user_deleted": False,
        **changes,
    }


def topic(id, *posts, **changes):
    """One topic as ``/t/<id>.json`` answers, its post ids made unique by the topic's id."""
    posts = [
        {**each, "id": each["id"] + id * 10_000 if isinstance(each.get("id"), int) else each.get("id")}
        for each in posts
    ]
    return {
        "id": id,
        "title": f"Topic about {id}",
        "slug": f"topic-about-{id}",
        "category_id": 5,
        "created_at": "2021-03-04T10:00:00.000Z",
        "closed": False,
        "archived": False,
        "visible": True,
        "deleted_at": None,
        "archetype": "regular",
        "post_stream": {"posts": posts, "stream": [each.get("id") for each in posts]},
        **changes,
    }


def raw(*entries):
    """What ``/raw/<id>`` answers for *entries* of (post, words)."""
    return "".join(
        f"{each['username']} | {each['updated_at'][:19].replace('T', ' ')} UTC | #{each['post_number']}"
        f"\n\n{words}\n\n{RULE}\n\n"
        for each, words in entries
    )


def keep(folder: Path, *topics, markdown=None):
    """Write *topics* below *folder* as an archive's root with json/ and raw/; *markdown* maps topic ids to raw text."""
    (folder / "json").mkdir(parents=True, exist_ok=True)
    (folder / "raw").mkdir(exist_ok=True)
    for each in topics:
        (folder / "json" / f"{each['slug']}.{each['id']}.json").write_text(json.dumps(each), encoding="utf-8")
        if each["id"] in (markdown or {}):
            (folder / "raw" / f"{each['slug']}.{each['id']}.md").write_text(markdown[each["id"]], encoding="utf-8")
    return folder
