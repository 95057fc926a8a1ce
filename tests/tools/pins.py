"""Write constraints.txt: the versions of everything that the packages we name bring along."""

import re
from importlib.metadata import distribution
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def named(path: Path) -> set[str]:
    """Return the names of the packages that a requirements file asks for, extras kept."""
    lines = (line.split("#")[0].strip() for line in path.read_text().splitlines())
    return {line.split("==")[0] for line in lines if line and not line.startswith("-")}


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def needed(requirement: str, found: dict[str, str]) -> None:
    """Add what *requirement* needs here, and what that needs, to *found* (name -> version)."""
    from packaging.requirements import Requirement

    wanted = Requirement(requirement)
    dist = distribution(wanted.name)
    name = plain(wanted.name)
    seen_before = name in found and not wanted.extras
    found[name] = dist.version
    if seen_before:
        return
    for line in dist.requires or []:
        further = Requirement(line)
        extras = wanted.extras or {""}
        if further.marker is None or any(further.marker.evaluate({"extra": extra}) for extra in extras):
            needed(f"{further.name}[{','.join(further.extras)}]" if further.extras else further.name, found)


def main() -> None:
    tops = named(ROOT / "requirements.txt") | named(ROOT / "requirements-dev.txt")
    found: dict[str, str] = {}
    for top in sorted(tops):
        needed(top, found)
    direct = {plain(top.split("[")[0]) for top in tops}
    rows = [f"{name}=={version}" for name, version in sorted(found.items()) if name not in direct]
    heading = "# The versions of what our packages bring along. Written by `make pins`; not edited by hand.\n"
    (ROOT / "constraints.txt").write_text(heading + "\n".join(rows) + "\n")
    print(f"constraints.txt holds {len(rows)} versions")


if __name__ == "__main__":
    main()
