from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HISTORY = Path(__file__).parent / "history"
SERVERS = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL")


def replay(data: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "run.py", "replay", str(HISTORY), "--data", str(data)]
    everything = ["--from", "2018-08-01", "--orders", "1000"]
    environment = {k: v for k, v in os.environ.items() if k not in SERVERS}
    return subprocess.run(
        [*command, *everything, *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )


@pytest.mark.timeout(360)
def test_a_made_up_history_with_every_boundary_comes_out_exactly_and_again(tmp_path):
    answers = tmp_path / "answers.json"

    first = replay(tmp_path / "data", "--tick", "6h", "--json", str(answers))

    assert first.returncode == 0, first.stdout[-4000:] + first.stderr[-2000:]
    found = answers.read_text()

    again = replay(tmp_path / "data", "--tick", "1h", "--json", str(answers))

    assert again.returncode == 0, again.stdout[-4000:] + again.stderr[-2000:]
    assert json.loads(answers.read_text()) == json.loads(found)
