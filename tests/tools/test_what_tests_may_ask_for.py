"""The promises that the fixtures themselves make."""

import socket

import pytest

from forum import clock, events
from forum.database import is_postgres, transaction
from tests import guards, pages
from tests.stacks import Stack


@pytest.mark.parametrize("_turn", [1, 2])
def test_every_test_finds_an_empty_database_on_both_stacks(stack: Stack, _turn: int) -> None:
    assert is_postgres() == (stack.name == "postgresql")
    assert events.position() == 0
    with transaction():
        events.record("kettle.boiled", subject=("kettle", 1))
    assert events.position() > 0


def test_statements_are_counted(stack, queries) -> None:
    with queries(exactly=1):
        events.position()
    with pytest.raises(AssertionError, match="2 statements, at most 1"), queries(at_most=1):
        events.position()
        events.position()


def test_the_network_is_shut(refused_connections) -> None:
    with pytest.raises(guards.SocketsAreShut), socket.socket() as one:
        one.connect(("127.0.0.1", 9))
    with pytest.raises(guards.SocketsAreShut):
        socket.getaddrinfo("example.org", 80)
    assert len(refused_connections) == 2
    refused_connections.clear()


@pytest.mark.network
def test_only_this_machine_is_open_to_a_test_that_says_so(refused_connections) -> None:
    with pytest.raises(ConnectionRefusedError), socket.socket() as one:
        one.connect(("127.0.0.1", 9))
    with pytest.raises(guards.SocketsAreShut), socket.socket() as one:
        one.connect(("192.0.2.1", 80))
    refused_connections.clear()


@pytest.mark.parametrize("_turn", [1, 2])
def test_the_clock_stands_still_and_starts_anew_for_each_test(clock, _turn: int) -> None:
    assert clock.now().hour == 10
    clock.advance(hours=2)
    assert clock.now().hour == 12


def test_the_clock_runs_unless_somebody_asks_for_it() -> None:
    assert clock.now() != clock.now()


def test_pages_count_once_whatever_their_ids() -> None:
    assert pages.place("http://x/t/12/a-cup-of-tea/3?before=9") == "/t/*/*/*"
    assert pages.place("/c/respite") == "/c/*"
    assert pages.place("/cuppas/3/tea.ics") == "/cuppas/*/tea.ics"
    assert pages.place("/") == "/"
    one, two = "<!doctype html><p class='a b'>Tea", "<!doctype html><p class='a c'>Coffee"
    assert pages.distinct_name("/t/1/x", one) == pages.distinct_name("/t/2/y", two)
    assert pages.distinct_name("/t/1/x", one) != pages.distinct_name("/t/1/x", one + "<ul>")
