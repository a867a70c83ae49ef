"""Optional packages: check that they are installed, and say how to install them."""

import importlib.util
import json
import shlex
import sys
from importlib import metadata
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlparse

from mlrun.errors import MlrunError

DISTRIBUTION: Final = "mlrun-meta"
"""The name of this package in a package index."""


class MissingExtraError(MlrunError):
    """An optional package is needed and not installed."""


def require_extra(extra: str, package: str, purpose: str) -> None:
    """Check that a package of an extra can be imported.

    Args:
        extra: name of the extra, for example ``"plot"``.
        package: a package that the extra installs.
        purpose: what needs it, for the message, for example ``"drawing figures"``.

    Raises:
        MissingExtraError: it cannot be imported. The message names the purpose and the command that installs it.
    """
    try:
        importlib.import_module(package)
    except ImportError as error:
        raise MissingExtraError(f"{purpose} needs another package: {install_command(extra)}") from error


def install_command(extra: str | None = None) -> str:
    """The command that installs this package, or an extra of it, from the same source as the installed one."""
    python, suffix = shlex.quote(sys.executable), f"[{extra}]" if extra else ""
    has_pip = importlib.util.find_spec("pip") is not None  # environments made by uv have no pip
    pip = f"{python} -m pip install" if has_pip else f"uv pip install --python {python}"
    constraints = constraints_file()
    if constraints is None:
        return f"{pip} {shlex.quote(DISTRIBUTION + suffix)}"
    editable = "-e " if _origin()["dir_info"].get("editable") else ""
    return f"{pip} -c {shlex.quote(str(constraints))} {editable}{shlex.quote(f'{constraints.parent}{suffix}')}"


def constraints_file() -> Path | None:
    """The file with the tested versions of all dependencies. None if this package is not installed from a checkout."""
    origin = _origin()
    path = Path(unquote(urlparse(origin.get("url", "")).path)) / "constraints.txt"
    return path if "dir_info" in origin and path.is_file() else None


def _origin() -> dict[str, Any]:
    """The ``direct_url.json`` that installers write: the source of this package. Empty for a package index."""
    try:
        return json.loads(metadata.distribution(DISTRIBUTION).read_text("direct_url.json") or "{}")
    except metadata.PackageNotFoundError:  # it is on the path, but not installed
        return {}
