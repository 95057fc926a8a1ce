"""The demo grown to the size of a town, for trying how it holds: the same words many times over, in bulk."""

SIZES = {"medium": 20_000, "large": 200_000}


def gather(scale: str) -> None:
    """Repeat the demo's conversations until there are as many posts as *scale* says."""
    raise NotImplementedError
