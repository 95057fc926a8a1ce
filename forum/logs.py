"""What Kettle writes about itself: one line an event, as text for people or as JSON for machines, to standard error."""

import json
import logging
import re
import sys
from datetime import UTC, datetime

# Library chatter that says nothing an operator can act on.
_QUIET = ("huey", "uvicorn", "asyncio", "werkzeug", "limits", "flask-limiter")
# Links in letters and live tickets open doors; they are long and hold capitals or dots, which slugs do not.
_SECRET = re.compile(r"(?<=/)(?=[^/]*[A-Z.])[A-Za-z0-9_\-.~]{24,}(?=/|$)")


class JsonLines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return *record* as JSON with time, level, name, message and, if there is one, the exception."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "name": record.name,
            "message": record.getMessage(),
        }
        line.update(getattr(record, "facts", {}))
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def configure(log_format: str, *, level: int = logging.INFO) -> None:
    """Write to standard error from now on, as ``text`` or ``json``."""
    lines = logging.StreamHandler(sys.stderr)
    lines.setFormatter(
        JsonLines() if log_format == "json" else logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    )
    root = logging.getLogger()
    root.handlers[:] = [lines]
    root.setLevel(level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))


def without_secrets(path: str) -> str:
    """Return *path* as it may stand in a log: without what would let its reader in somewhere."""
    if path.startswith("/live/"):
        return "/live/…"
    return _SECRET.sub("…", path)
