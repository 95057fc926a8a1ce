"""Kettle: a peer-support forum for unpaid carers in which talking is how services get changed."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from forum.settings import Settings


def create_app(settings: "Settings | None" = None) -> "Flask":
    """Return the web application. Without *settings* they come from the environment."""
    from forum.wiring import build_app

    return build_app(settings)
