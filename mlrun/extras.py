"""Packages that only some verbs need, and how to install them."""

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
"""What this package is called where it is installed from."""


class MissingExtraError(MlrunError):
    """A package that this needs is not installed."""


def require_extra(extra: str, package: str, purpose: str) -> None:
    """Check that a package of an extra is installed.

    Raises:
        MissingExtraError: it is not; the message says for which purpose it is needed, and how to install it.
    """
    try:
        importlib.import_module(package)
    except ImportError as error:
        raise MissingExtraError(f"{purpose} needs another package: {install_command(extra)}") from error


def install_command(extra: str | None = None) -> str:
    """The command that installs this package, or an extra of it, in the way in which it is installed here."""
    python, suffix = shlex.quote(sys.executable), f"[{extra}]" if extra else ""
    has_pip = importlib.util.find_spec("pip") is not None  # which environments made by uv have not
    pip = f"{python} -m pip install" if has_pip else f"uv pip install --python {python}"
    constraints = constraints_file()
    if constraints is None:
        return f"{pip} {shlex.quote(DISTRIBUTION + suffix)}"
    editable = "-e " if _origin()["dir_info"].get("editable") else ""
    return f"{pip} -c {shlex.quote(str(constraints))} {editable}{shlex.quote(f'{constraints.parent}{suffix}')}"


def constraints_file() -> Path | None:
    """The exact versions that this was tested with, if it is installed from a checkout, which lists them."""
    origin = _origin()
    path = Path(unquote(urlparse(origin.get("url", "")).path)) / "constraints.txt"
    return path if "dir_info" in origin and path.is_file() else None


def _origin() -> dict[str, Any]:
    """Where this package was installed from, as installers record it; empty for a package index."""
    try:
        return json.loads(metadata.distribution(DISTRIBUTION).read_text("direct_url.json") or "{}")
    except metadata.PackageNotFoundError:  # it lies on the path without having been installed
        return {}
