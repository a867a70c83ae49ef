"""The result of a check."""

from dataclasses import dataclass
from typing import Final

OK: Final = "ok"
NOTE: Final = "note"
BROKEN: Final = "broken"


@dataclass(frozen=True)
class Finding:
    """One line of `mlrun doctor`.

    Attributes:
        subject: what was checked.
        text: what was found, in one line.
        status: `OK`, `BROKEN` if nothing works, or `NOTE` if most things work nevertheless.
        remedy: what the user can do. It may be empty if the status is `OK`.
    """

    subject: str
    text: str
    status: str = OK
    remedy: str = ""
