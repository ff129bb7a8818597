"""Where the web server's processes count together: named by the supervisor, emptied by gunicorn."""

from __future__ import annotations

import importlib.util
import stat
from pathlib import Path
from types import ModuleType

import pytest

from supervisor import parts
from supervisor.parts import ROOT, Workshop

FOLDER = "PROMETHEUS_MULTIPROC_DIR"


@pytest.fixture
def server() -> ModuleType:
    """What gunicorn reads when it is started."""
    found = importlib.util.spec_from_file_location("gunicorn_conf", ROOT / "gunicorn.conf.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def test_the_folder_lies_in_the_data_folder_and_is_told_to_the_web_part_alone(tmp_path: Path):
    shop = Workshop({"REDIS_URL": "redis://nowhere"}, tmp_path / "logs")

    web = parts.web(shop, 8000, workers=2, threads=8)

    assert web.environment[FOLDER] == str(tmp_path / "metrics")
    assert FOLDER not in parts.worker(shop, "slow").environment
    assert FOLDER not in parts.migrations(shop).environment


def test_a_new_server_begins_to_count_at_nothing(
    server: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    folder = tmp_path / "data" / "metrics"
    monkeypatch.setenv(FOLDER, str(folder))
    server.on_starting(None)
    (folder / "histogram_1.db").touch()
    (folder / "notes.txt").touch()

    server.on_starting(None)
    server.on_exit(None)

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    # What is not a count is not ours to take away.
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]


def test_a_server_without_a_named_folder_makes_one_up_and_leaves_none(
    server: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(FOLDER, "")
    monkeypatch.setattr(server.tempfile, "tempdir", str(tmp_path))

    server.on_starting(None)
    (made,) = tmp_path.iterdir()
    assert server.os.environ[FOLDER] == str(made)
    server.on_exit(None)

    assert list(tmp_path.iterdir()) == []
