"""``--set a.b=v``: single values of a configuration, replaced on the command line."""

from mlrun.config.reading.document import Document, KeyPath, Place, printable
from mlrun.config.reading.errors import ConfigError
from mlrun.config.reading.yaml_loader import parse


def apply_overrides(document: Document, overrides: list[str]) -> None:
    """Write `overrides` over `document`, in order, so that the last word on a key counts.

    Args:
        document: A configuration as read, its value a dict. An override that cannot be read is noted among its
            mistakes; whether a key exists and may have its value is left to the validation of the whole.
        overrides: ``"path.to.key=value"`` each, the value in YAML.
    """
    for order, override in enumerate(overrides, start=1):
        place = Place(order, None, f"--set {printable(override)}")
        path, value = _split(override)
        if not path:
            message = "must look like 'section.key=value', for example 'training.iterations=100'"
            document.add_mistake((), message, place)
            continue
        try:
            document.graft(path, parse(value, place, base=path))
        except ConfigError as error:
            document.mistakes += [(place, mistake) for mistake in error.mistakes]


def _split(override: str) -> tuple[KeyPath, str]:
    """Return the path and the text of the value; the path is empty if there is none."""
    dotted, equals, value = override.partition("=")
    path = tuple(key.strip() for key in dotted.split("."))
    return (path if equals and all(path) else ()), value
