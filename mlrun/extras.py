"""Packages that only some verbs need, and that `pip install 'mlrun-meta[EXTRA]'` adds."""

import importlib

from mlrun.experiment.errors import MlrunError


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
        raise MissingExtraError(f"{purpose} needs another package: pip install 'mlrun-meta[{extra}]'") from error
