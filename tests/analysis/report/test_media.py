from __future__ import annotations

import base64
import os
import re

from tests.run_results import REACH


def test_videos_are_in_the_order_of_their_tasks(make, page):
    run = make()
    (run.path / "videos").mkdir()
    for number in (10, 9, 100):
        (run.path / "videos" / f"task{number}.gif").write_bytes(b"GIF")
    assert re.findall(r"task(\d+)\.gif(?=<)", page(run, drawn=False).source) == ["9", "10", "100"]


def test_videos_and_explanations_of_a_run_are_put_in(make, page):
    run = make()
    for name in ("plots/explain-movement.svg", "videos/task0.mp4", "videos/task1.gif"):
        (run.path / name).parent.mkdir(exist_ok=True)
        (run.path / name).write_bytes(name.encode())
    report = page(run)
    for kind, name in (("image/svg+xml", "plots/explain-movement.svg"), ("video/mp4", "videos/task0.mp4")):
        assert f"data:{kind};base64,{base64.b64encode(name.encode()).decode()}" in report.addresses()
    assert sum(address.startswith("data:image/gif") for address in report.addresses()) == 1
    assert "Not in this report" not in report.text


def test_what_a_memory_knows_is_not_told_as_measured_layer_by_layer(make, page):
    run = make()
    (run.path / "plots").mkdir()
    for name in ("movement", "memory"):
        (run.path / "plots" / f"explain-{name}.svg").write_bytes(b"svg")
    told = [value for name, value in page(run).attributes if name == "alt"]
    assert any("memory, measured by step of a trial" in text for text in told)
    assert any("movement, measured layer by layer" in text for text in told)


def test_a_link_is_not_put_in_for_what_it_leads_to(make, page, tmp_path):
    secret = tmp_path / "secret.png"
    secret.write_bytes(b"secret")
    run = make()
    (run.path / "videos").mkdir()
    (run.path / "videos" / "film.png").symlink_to(secret)
    assert base64.b64encode(b"secret").decode() not in page(run).source


def test_a_video_that_is_too_large_to_be_sent_is_named_instead(make, page):
    run = make(text=REACH, by_step=(), rows=())
    video = run.path / "videos" / "long.mp4"
    video.parent.mkdir()
    with video.open("wb") as file:
        file.truncate(2**26)
    report = page(run)
    assert "video" not in report.tags
    assert f"{video} is too large" in report.text


def test_all_that_is_put_in_shares_one_limit(make, page, monkeypatch):
    monkeypatch.setattr("mlrun.analysis.report.media._MOST_BYTES", 250)
    run = make()
    names = ("plots/explain-a.svg", "plots/explain-b.svg", "videos/c.mp4", "videos/d.mp4")
    for name, size in zip(names, (100, 100, 100, 50), strict=True):
        (run.path / name).parent.mkdir(exist_ok=True)
        (run.path / name).write_bytes(name.encode() * size)
        os.truncate(run.path / name, size)
    report = page(run)
    files = [base64.b64decode(address.partition(",")[2]) for address in report.addresses()]
    assert sum(file.startswith(b"plots/explain-") for file in files) == 2
    assert report.tags.count("video") == 1
    assert re.findall(r"(\S+) is too large", report.text) == [f"{run.path}/videos/c.mp4"]
