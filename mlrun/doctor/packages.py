"""Checks the installed Python packages against those that are needed."""

import platform
import sys
from collections.abc import Iterator
from importlib import metadata

from mlrun.doctor.finding import BROKEN, NOTE, Finding
from mlrun.extras import DISTRIBUTION, constraints_file, install_command


def check_python() -> Iterator[Finding]:
    """Checks the version of Python."""
    from packaging.specifiers import SpecifierSet

    wanted = "".join(metadata.metadata(DISTRIBUTION).get_all("Requires-Python") or [])
    text = f"{platform.python_version()} in {sys.prefix}"
    if SpecifierSet(wanted).contains(platform.python_version(), prereleases=True):
        yield Finding("python", text)
    else:
        yield Finding("python", text, BROKEN, f"install Python {wanted}")


def check_packages() -> Iterator[Finding]:
    """Checks the packages that every command needs, and that no other project's `mlrun` is installed."""
    wrong = [problem for problem in map(_problem, _requirements()) if problem]
    if wrong:
        yield Finding("packages", ", ".join(wrong), BROKEN, f"run: {install_command()}")
    else:
        yield Finding("packages", ", ".join(f"{name} {metadata.version(name)}" for name in _names(_requirements())))
    if _version("mlrun"):
        remedy = (
            f"run: {sys.executable} -m pip uninstall mlrun, and then: {install_command()} --force-reinstall --no-deps"
        )
        yield Finding("packages", "another project's package 'mlrun' is installed here", BROKEN, remedy)


def check_extras() -> Iterator[Finding]:
    """Checks the packages of each extra, which only some commands need."""
    for extra in metadata.metadata(DISTRIBUTION).get_all("Provides-Extra") or []:
        wrong = [problem for problem in map(_problem, _requirements(extra)) if problem]
        if wrong:
            yield Finding(f"extra {extra}", ", ".join(wrong), NOTE, f"to use it, run: {install_command(extra)}")
        else:
            yield Finding(f"extra {extra}", "installed")


def check_pins() -> Iterator[Finding]:
    """Compares the installed versions with the tested ones. Yields nothing without a list of those."""
    constraints = constraints_file()
    if constraints is None:
        return
    lines = (line.partition("#")[0].strip() for line in constraints.read_text(encoding="utf-8").splitlines())
    pinned = dict(line.split("==") for line in lines if "==" in line)
    installed = {name: _version(name) for name in pinned}
    # A local version such as 2.13.0+cpu is a build of the release 2.13.0.
    other = [
        f"{name} {version} instead of {pinned[name]}"
        for name, version in installed.items()
        if version and version.partition("+")[0] != pinned[name]
    ]
    if other:
        remedy = f"this may work, but was not tested; for the tested versions, run: {install_command()} --upgrade"
        yield Finding("pins", ", ".join(other), NOTE, remedy)
    else:
        yield Finding("pins", f"as in {constraints}")


def _requirements(extra: str | None = None) -> Iterator[str]:
    """The requirements of the package, or those that an extra adds."""
    from packaging.requirements import Requirement

    for text in metadata.requires(DISTRIBUTION) or []:
        requirement = Requirement(text)
        marker = requirement.marker
        always = marker is None or marker.evaluate({"extra": ""})
        if always is (extra is None) and (always or (marker is not None and marker.evaluate({"extra": extra or ""}))):
            yield text


def _names(requirements: Iterator[str]) -> list[str]:
    from packaging.requirements import Requirement

    return [Requirement(text).name for text in requirements]


def _problem(text: str) -> str | None:
    """What is wrong with the installed version for one requirement. None if it fits."""
    from packaging.requirements import Requirement

    requirement = Requirement(text)
    version = _version(requirement.name)
    if version is None:
        return f"{requirement.name} is missing"
    if not requirement.specifier.contains(version, prereleases=True):
        return f"{requirement.name} is {version}, not {requirement.specifier}"
    return None


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
