"""Fetch what the tests need beyond Python packages, as far as this machine allows.

Nothing here stops the tests: what is missing afterwards is skipped, and said so, at the end of the run.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.tools import found  # noqa: E402


def install_chromium() -> None:
    """Install Debian's Chromium when it is missing and we may."""
    if found.chromium() or os.geteuid() != 0 or not shutil.which("apt-get"):
        return
    print("Installing Chromium for the browser tests ...", flush=True)
    quiet = {"stdout": subprocess.DEVNULL, "env": os.environ | {"DEBIAN_FRONTEND": "noninteractive"}}
    subprocess.run(["apt-get", "update", "-qq"], check=False, **quiet)
    subprocess.run(
        ["apt-get", "install", "-qq", "-y", "--no-install-recommends", "chromium", "fonts-dejavu-core"],
        check=False,
        **quiet,
    )


def install_html_checker() -> None:
    """Install the Nu HTML checker into build/node with npm, at the version the lock file names."""
    npm = shutil.which("npm")
    if npm is None:
        return
    here = ROOT / "build" / "node"
    wanted = ROOT / "tests" / "tools"
    lock = here / "package-lock.json"
    if found.VNU_JAR.exists() and lock.exists() and lock.read_bytes() == (wanted / lock.name).read_bytes():
        return
    print("Installing the HTML checker ...", flush=True)
    here.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(wanted / name, here / name)
    done = subprocess.run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"], cwd=here, check=False)
    if done.returncode:
        print("npm could not install the HTML checker; its checks will be skipped.")


if __name__ == "__main__":
    install_chromium()
    install_html_checker()
