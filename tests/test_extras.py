import json
import shlex
import sys
from importlib import metadata

import pytest

from mlrun.extras import MissingExtraError, constraints_file, install_command, require_extra


@pytest.fixture
def installed_from(tmp_path, monkeypatch):
    """Makes this package look installed from somewhere; nothing is an index."""

    def install(origin):
        info = tmp_path / "mlrun_meta-0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Name: mlrun-meta\nVersion: 0\n")
        if origin:
            (info / "direct_url.json").write_text(json.dumps(origin))
        monkeypatch.setattr(metadata, "distribution", lambda _: metadata.PathDistribution(info))

    return install


@pytest.mark.parametrize("editable", [True, False])
def test_a_checkout_is_installed_from_where_it_is(installed_from, tmp_path, editable):
    source = tmp_path / "my checkout"
    source.mkdir()
    (source / "constraints.txt").touch()
    installed_from({"url": source.as_uri(), "dir_info": {"editable": True} if editable else {}})
    words = shlex.split(install_command("plot"))
    constraints = ["-c", f"{source}/constraints.txt"]
    assert words == [sys.executable, "-m", "pip", "install", *constraints, *["-e"] * editable, f"{source}[plot]"]


@pytest.mark.parametrize(
    "origin",
    [
        None,
        {"url": "file:///gone", "dir_info": {"editable": True}},
        {"url": "file:///a/mlrun_meta-0-py3-none-any.whl", "archive_info": {}},
        {"url": "https://example.org/mlrun.git", "vcs_info": {"vcs": "git", "commit_id": "0"}},
    ],
)
def test_whatever_else_is_installed_by_its_name(installed_from, origin):
    installed_from(origin)
    assert constraints_file() is None
    assert install_command("plot") == f"{shlex.quote(sys.executable)} -m pip install 'mlrun-meta[plot]'"
    assert install_command().endswith(" -m pip install mlrun-meta")


def test_an_environment_without_pip_is_one_of_uv(installed_from, monkeypatch):
    installed_from(None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert install_command("plot") == f"uv pip install --python {shlex.quote(sys.executable)} 'mlrun-meta[plot]'"


def test_a_package_that_was_never_installed_can_be_named(monkeypatch):
    def distribution(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "distribution", distribution)
    assert install_command("gpu").endswith(" -m pip install 'mlrun-meta[gpu]'")


def test_a_missing_package_is_named_with_the_command(monkeypatch):
    require_extra("plot", "json", "nothing")
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError) as caught:
        require_extra("plot", "matplotlib", "drawing figures")
    assert str(caught.value) == f"drawing figures needs another package: {install_command('plot')}"
