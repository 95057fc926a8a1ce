"""What an operator sees of an import."""

import pytest
from click.testing import CliRunner

from forum.cli import cli
from tests.discourse.archives import keep, post, topic


@pytest.fixture
def run(stack, tmp_path):
    """Run `kettle import discourse` on this test's database."""
    place = {"DATABASE_URL": stack.url, "KETTLE_INSTANCE": str(tmp_path / "instance")}
    return lambda *words: CliRunner(env=place).invoke(cli, ["import", "discourse", *map(str, words)])


@pytest.mark.one_stack("sqlite")
def test_it_says_what_came_and_what_was_left_out(tmp_path, run):
    old = keep(tmp_path / "old", topic(1, post(1), post(2, "bob")))
    (old / "json" / "broken.2.json").write_text("")
    first = run(old)
    assert first.exit_code == 0
    assert "Brought in: threads 1, posts 2, people 2, categories 1." in first.output
    assert "One thing was left out:\n  json/broken.2.json: This file is empty." in first.output
    assert "inside this place only" in first.output
    second = run(old)
    assert "Brought in: threads 0, posts 0, people 0" in second.output
    assert "Posts that were here already: 2." in second.output
    assert "inside this place only" not in second.output


@pytest.mark.one_stack("sqlite")
def test_trouble_is_one_plain_sentence_and_a_bad_exit_code(tmp_path, run):
    result = run(tmp_path / "nowhere")
    assert result.exit_code == 1
    assert "There is nothing at" in result.output
    assert "Traceback" not in result.output
