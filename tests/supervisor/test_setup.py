"""Set-up by run.py: skipped when nothing changed, and clear when it cannot go on."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

RUN = Path(__file__).parents[2] / "run.py"


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Return run.py as a module that works on a folder of its own."""
    spec = importlib.util.spec_from_file_location("onward_run", RUN)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    venv = tmp_path / ".venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").touch()
    for name, value in {
        "ROOT": tmp_path,
        "VENV": venv,
        "PYTHON": venv / "bin" / "python",
        "STAMP": venv / "onward-setup.json",
        "BOOT": tmp_path / ".boot",
    }.items():
        monkeypatch.setattr(module, name, value)
    (tmp_path / module.RUNTIME_LOCK).write_text("flask==3\n")
    (tmp_path / module.DEVELOPMENT_LOCK).write_text("flask==3\npytest==9\n")
    return module


def test_an_unchanged_lock_is_not_installed_again(run):
    run.write_stamp(run.RUNTIME_LOCK)

    assert run.is_installed(run.RUNTIME_LOCK)


def test_a_changed_lock_is_installed_again(run):
    run.write_stamp(run.RUNTIME_LOCK)
    (run.ROOT / run.RUNTIME_LOCK).write_text("flask==4\n")

    assert not run.is_installed(run.RUNTIME_LOCK)


def test_the_development_lock_is_enough_to_run_and_not_the_other_way(run):
    run.write_stamp(run.RUNTIME_LOCK)
    assert not run.is_installed(run.DEVELOPMENT_LOCK)

    run.write_stamp(run.DEVELOPMENT_LOCK)
    assert run.is_installed(run.RUNTIME_LOCK)
    assert run.is_installed(run.DEVELOPMENT_LOCK)


def test_a_broken_stamp_or_a_python_that_is_gone_means_set_up_again(run):
    run.STAMP.write_text("{")
    assert not run.is_installed(run.RUNTIME_LOCK)

    run.write_stamp(run.RUNTIME_LOCK)
    run.PYTHON.unlink()
    assert not run.is_installed(run.RUNTIME_LOCK)


@pytest.mark.parametrize(
    ("printed", "said"),
    [
        ("ERROR: [Errno 28] No space left on device", "The disk is full"),
        ("Temporary failure in name resolution", "there is no network"),
        ("THESE PACKAGES DO NOT MATCH THE HASHES", "not the one the lock names"),
        ("one\nsomething odd", "Set-up failed: something odd"),
    ],
)
def test_a_failed_set_up_says_what_is_wrong(run, printed, said):
    assert said in run.sentence_for(printed)


@pytest.mark.parametrize(
    ("arguments", "split"),
    [
        ([], ([], "run", [])),
        (["--port", "9", "--no-demo"], (["--port", "9", "--no-demo"], "run", [])),
        (["test", "-k", "x"], ([], "test", ["-k", "x"])),
        (["--data", "d", "flask", "seed"], (["--data", "d"], "flask", ["seed"])),
        (["replay", "DIR", "--data", "d"], ([], "replay", ["DIR", "--data", "d"])),
        (["--help"], ([], "help", [])),
    ],
)
def test_options_before_a_command_are_told_from_its_own(run, arguments, split):
    assert run.split(arguments) == split


def test_an_unknown_command_names_the_known_ones(run, capsys):
    assert run.main(["fly"]) == 2
    assert "There is no command 'fly'" in capsys.readouterr().err
