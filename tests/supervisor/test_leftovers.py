"""What a killed supervisor left behind is ended, and nothing else."""

from __future__ import annotations

import json
import subprocess

import pytest

from supervisor.leftovers import end_leftovers, left_running

COMMAND = ["/bin/cat"]


@pytest.fixture
def left():
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(COMMAND, start_new_session=True, **pipes) as process:
        # Its answer shows that it has become what its command line says.
        process.stdin.write(b"\n")
        process.stdin.flush()
        process.stdout.readline()
        yield process
        process.kill()


def test_a_process_with_our_session_and_command_line_is_ended(tmp_path, left):
    record = tmp_path / "processes.json"
    record.write_text(json.dumps({str(left.pid): COMMAND}))

    assert end_leftovers(record) == 1
    assert left.wait() == -15
    assert not record.exists()


def test_a_reused_process_id_is_left_alone(tmp_path, left):
    record = tmp_path / "processes.json"
    record.write_text(json.dumps({str(left.pid): ["/bin/cat", "else"]}))

    assert end_leftovers(record) == 0
    assert left.poll() is None


def test_the_same_command_of_another_session_is_left_alone(left):
    assert left_running({left.pid + 1: COMMAND}) == []
