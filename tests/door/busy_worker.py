"""A worker whose one reaction writes a line to a file: ``python -m tests.door.busy_worker FILE SECONDS CLAIM``.

It writes ``begun N`` and, SECONDS later, ``done N``, where N is the event's id. The database comes from the settings.
"""

import os
import sys
import time
from datetime import timedelta

from forum import jobs, logs, worker
from forum.database import open_database
from forum.settings import Settings


def main(path: str, seconds: float, claim: float) -> None:
    def write(words: str) -> None:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(handle, f"{words}\n".encode())
        os.close(handle)

    def react(event: jobs.Event, _cursor: str) -> None:
        write(f"begun {event.id}")
        time.sleep(seconds)
        write(f"done {event.id}")

    settings = Settings.from_env()
    logs.configure("text")
    jobs.CLAIM, jobs.RENEW = timedelta(seconds=claim), timedelta(seconds=claim / 3)
    open_database(settings.database_url)
    chore = jobs.Periodic("ring", lambda: write("chore"), timedelta(hours=1))
    jobs.use_reactions({"told": [jobs.Reaction("write", react)]}, [chore])
    worker.work(settings)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), float(sys.argv[3]))
