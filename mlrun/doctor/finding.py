"""What a check has found."""

from dataclasses import dataclass
from typing import Final

OK: Final = "ok"
NOTE: Final = "note"
BROKEN: Final = "broken"


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's.

    Attributes:
        subject: what was looked at.
        text: what is there, in one line.
        status: `OK`, `NOTE` where most works nevertheless, or `BROKEN`.
        remedy: what to do, unless it is ok.
    """

    subject: str
    text: str
    status: str = OK
    remedy: str = ""
