#!/usr/bin/env python3
"""The one door for people: sets up what is missing, then runs, tests, checks or measures Onward."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "onward-setup.json"
BOOT = ROOT / ".boot"
SETUP_LOG = BOOT / "setup.log"
RUNTIME_LOCK = "requirements.lock"
DEVELOPMENT_LOCK = "requirements-dev.lock"
# Advice that cannot be had soon is not waited for; the sentence at the end says so.
AUDIT_SECONDS = 60

USAGE = """\
python3 run.py                    run the platform with a demonstration marketplace
python3 run.py --no-demo          run it with an empty marketplace
python3 run.py test [arguments]   run the tests (arguments go to pytest)
python3 run.py lint               check style, types, architecture and known vulnerabilities
python3 run.py sbom [FILE]        write what the platform is made of, as CycloneDX
python3 run.py bench [name]       run the benchmarks, or one of them
python3 run.py flask ...          run one of the application's commands
python3 run.py replay DIR ...     run a recorded history through a platform of its own

options: --port 8000   --data .data   --speed 1800 (demonstration seconds per real second)"""

OPTIONS_WITH_A_VALUE = ("--port", "--data", "--speed")

# What an installer prints when it cannot go on, and the sentence a person needs instead.
SETUP_FAILURES = (
    (
        ("No space left on device", "os error 28", "Disk quota exceeded"),
        "The disk is full: free about 1 GB and run this again.",
    ),
    (
        ("HASHES", "Hash mismatch", "hash mismatch"),
        (
            "A downloaded package is not the one the lock names, so nothing was installed; "
            "check the package index and run this again."
        ),
    ),
    (
        (
            "Name or service not known",
            "Temporary failure in name resolution",
            "dns error",
            "Failed to establish a new connection",
            "Failed to fetch",
            "error sending request",
            "Connection refused",
            "Network is unreachable",
            "timed out",
            "No matching distribution found",
        ),
        (
            "The packages could not be downloaded: there is no network, or the package index does "
            "not answer. Connect and run this again; after the first time no network is needed."
        ),
    ),
    (
        ("Permission denied", "os error 13", "Read-only file system"),
        "The project folder cannot be written to: give this user the right to, or copy it.",
    ),
)


class SetupError(Exception):
    """Why set-up cannot go on, as one sentence for the person at the terminal."""


def main(arguments: list[str]) -> int:
    """Return the exit code of what the arguments ask for."""
    if sys.version_info < (3, 11):
        found = "{}.{}".format(*sys.version_info[:2])
        print("Onward needs Python 3.11 or newer and this is " + found + ".", file=sys.stderr)
        return 1
    options, command, rest = split(arguments)
    if command in ("help", "-h", "--help"):
        print(USAGE)
        return 0
    try:
        return dispatch(options, command, rest)
    except SetupError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(sentence_for(str(error)), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def split(arguments: list[str]) -> tuple[list[str], str, list[str]]:
    """Return the options before the command, the command, and everything after it untouched."""
    index = 0
    while index < len(arguments) and arguments[index].startswith("-"):
        if arguments[index] in ("-h", "--help"):
            return [], "help", []
        index += 2 if arguments[index] in OPTIONS_WITH_A_VALUE else 1
    command = arguments[index] if index < len(arguments) else "run"
    return arguments[:index], command, arguments[index + 1 :]


def dispatch(options: list[str], command: str, rest: list[str]) -> int:
    """Return the exit code of one command, after setting up what it needs."""
    if command in ("run", "flask", "replay"):
        set_up(RUNTIME_LOCK)
        supervise([command, *options, *rest])
    if command == "sbom":
        return sbom(rest)
    own = {"test": test, "lint": lint, "bench": bench}.get(command)
    if own is None:
        print(f"There is no command {command!r}. The commands are:\n\n{USAGE}", file=sys.stderr)
        return 2
    set_up(DEVELOPMENT_LOCK)
    return own(rest)


def supervise(arguments: list[str]) -> None:
    """Become the supervisor, so that signals and the exit code are its own."""
    sys.stdout.flush()
    # -P: a folder of the same name where the person stands must not be taken for ours.
    command = [str(PYTHON), "-P", "-m", "supervisor", *arguments]
    os.execve(command[0], command, python_environment())  # noqa: S606 - no shell is wanted


def python_environment() -> dict[str, str]:
    """Return the environment in which our packages are found from any folder."""
    known = os.environ.get("PYTHONPATH")
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *([known] if known else [])])}


def test(arguments: list[str]) -> int:
    """Return the exit code of the tests, in two processes unless the arguments say how."""
    says_how = any(word.startswith(("-n", "--numprocesses", "--pdb")) for word in arguments)
    is_narrow = any("::" in word or word.endswith(".py") for word in arguments)
    spread = (
        [] if says_how or is_narrow else ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"]
    )
    return run_in_project("-m", "pytest", *spread, *arguments)


def lint(_: list[str]) -> int:
    """Return 0 when style, types and architecture all hold; every check runs."""
    checks = {
        "style": ["-m", "ruff", "check", "."],
        "format": ["-m", "ruff", "format", "--check", "."],
        "types": ["-m", "mypy"],
        "architecture": ["-c", "from importlinter.cli import lint_imports_command as c; c()"],
    }
    asked = ask_for_advisories()
    failed = [name for name, command in checks.items() if not holds(name, command)]
    print("-- advisories", flush=True)
    unsafe, told = advisories(audited(asked))
    print("\n".join(unsafe) + "\n" if unsafe else "", end="")
    failed += ["advisories"] if unsafe else []
    verdict = f"failed: {', '.join(failed)}" if failed else "everything holds"
    print(f"lint: {verdict}; {told}")
    return 1 if failed else 0


def holds(name: str, command: list[str]) -> bool:
    """Return whether one check passes, naming it before its output."""
    print(f"-- {name}", flush=True)
    return run_in_project(*command) == 0


def ask_for_advisories() -> subprocess.Popen[str]:
    """Have every locked package looked up while the other checks run."""
    command = [str(PYTHON), "-m", "pip_audit", "--disable-pip", "--require-hashes", "-f", "json"]
    command += ["--progress-spinner", "off", "--timeout", "5", "-r", str(ROOT / DEVELOPMENT_LOCK)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def audited(asked: subprocess.Popen[str]) -> list[dict[str, Any]]:
    """Return what is known of each locked package; nothing when nobody could be asked."""
    with asked:
        try:
            return list(json.loads(asked.communicate(timeout=AUDIT_SECONDS)[0])["dependencies"])
        except (subprocess.TimeoutExpired, ValueError, KeyError):
            asked.kill()
            return []


def advisories(packages: list[dict[str, Any]]) -> tuple[list[str], str]:
    """Return the unsafe packages, and who was asked about: silence is never taken for safety."""
    unsafe = [
        f"{package['name']} {package['version']}: {', '.join(v['id'] for v in package['vulns'])}"
        for package in packages
        if package.get("vulns")
    ]
    known = [package for package in packages if "vulns" in package]
    if not known:
        return unsafe, "pip-audit: not run (no advisory data)"
    told = f"pip-audit: {len(known)} packages asked about, {len(unsafe)} with known vulnerabilities"
    unknown = len(packages) - len(known)
    return unsafe, told + (f", not run for {unknown} (no advisory data)" if unknown else "")


def sbom(arguments: list[str]) -> int:
    """Write the runtime lock as a CycloneDX bill of materials; the same lock is the same bill."""
    components = [
        {
            "type": "library",
            "bom-ref": f"pkg:pypi/{name}@{version}",
            "name": name,
            "version": version,
            "purl": f"pkg:pypi/{name}@{version}",
            "hashes": [{"alg": "SHA-256", "content": digest} for digest in digests],
        }
        for name, version, digests in locked((ROOT / RUNTIME_LOCK).read_text())
    ]
    bill = {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1}
    about = {"component": {"type": "application", "bom-ref": "onward", "name": "onward"}}
    words = json.dumps({**bill, "metadata": about, "components": components}, indent=2)
    if arguments:
        Path(arguments[0]).write_text(words + "\n")
    else:
        print(words)
    return 0


def locked(lock: str) -> list[tuple[str, str, list[str]]]:
    """Return every package of a lock: its name, its version and the hashes of its files."""
    entries = re.split(r"^(?=[A-Za-z0-9])", lock, flags=re.MULTILINE)
    found = [(re.match(r"([\w.-]+)==([^\s;]+)", entry), entry) for entry in entries if entry]
    return [
        (match[1], match[2], re.findall(r"--hash=sha256:([0-9a-f]{64})", entry))
        for match, entry in found
        if match
    ]


def bench(words: list[str]) -> int:
    """Return 0 when every benchmark asked for keeps its claim; options are the benchmark's own."""
    folder = ROOT / "benchmarks"
    first = next((n for n, word in enumerate(words) if word.startswith("-")), len(words))
    names, options = words[:first], words[first:]
    asked = [folder / f"{name}.py" for name in names] or sorted(folder.glob("[!_]*.py"))
    missing = [path.stem for path in asked if not path.is_file()]
    if missing or not asked:
        raise SetupError(f"There is no benchmark {', '.join(missing) or 'yet'} in {folder}.")
    return max(run_in_project(str(path), *options) for path in asked)


def run_in_project(*arguments: str) -> int:
    """Return the exit code of the project's Python run in the project's folder."""
    command = [str(PYTHON), *arguments]
    return subprocess.call(command, cwd=ROOT, env=python_environment())


def set_up(lock: str) -> None:
    """Make `.venv` hold what the lock names; nothing is done when it already does."""
    if is_installed(lock):
        return
    BOOT.mkdir(exist_ok=True)
    with one_at_a_time():
        if is_installed(lock):
            return
        make_venv()
        STAMP.unlink(missing_ok=True)
        install(lock)
        write_stamp(lock)


def is_installed(lock: str) -> bool:
    """Return whether the last finished set-up was of this very lock."""
    if not PYTHON.exists() or not STAMP.exists():
        return False
    with contextlib.suppress(ValueError, AttributeError):
        return bool(json.loads(STAMP.read_text()).get(lock) == fingerprint(lock))
    return False


def write_stamp(lock: str) -> None:
    """Remember what is installed; the development lock holds the runtime's packages too."""
    locks = (RUNTIME_LOCK,) if lock == RUNTIME_LOCK else (RUNTIME_LOCK, DEVELOPMENT_LOCK)
    STAMP.write_text(json.dumps({name: fingerprint(name) for name in locks}))


def fingerprint(lock: str) -> str:
    """Return the sha256 of a lock file."""
    return hashlib.sha256((ROOT / lock).read_bytes()).hexdigest()


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Hold the set-up of this folder; a second copy waits and then finds it done."""
    with (BOOT / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another copy is setting up; waiting for it ...", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def make_venv() -> None:
    """Make the virtual environment, or make it anew when its Python is gone or too old."""
    if PYTHON.exists() and runs(PYTHON, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"):
        return
    # Without pip: that needs no ensurepip, which some distributions leave out.
    attempt("Making .venv", sys.executable, "-m", "venv", "--clear", "--without-pip", str(VENV))


def install(lock: str) -> None:
    """Install a lock with the first installer that can be had."""
    requirements = ["--require-hashes", "-r", str(ROOT / lock)]
    uv = find_uv()
    if uv:
        with contextlib.suppress(SetupError):
            command = [uv, "pip", "install", "--python", str(PYTHON), *requirements]
            attempt(f"Installing {lock} with uv", *command)
            return
        print("uv could not; trying pip.", flush=True)
    attempt(f"Installing {lock} with pip (some minutes)", *pip_for_venv(), "install", *requirements)


def find_uv() -> str | None:
    """Return a uv that runs, fetched into `.boot` when there is none; nothing when it cannot be."""
    fetched = BOOT / "bin" / "uv"
    for known in (shutil.which("uv"), str(fetched)):
        if known and runs(known, "--version"):
            return known
    # --target: a system's Python may refuse to be installed into, a folder never does.
    target = ["install", "--quiet", "--upgrade", "--target", str(BOOT), "uv"]
    with contextlib.suppress(SetupError):
        attempt("Getting uv", sys.executable, "-m", "pip", *target)
    return str(fetched) if runs(fetched, "--version") else None


def pip_for_venv() -> list[str]:
    """Return the pip that installs into `.venv`: its own, this Python's, or one made for it."""
    if runs(PYTHON, "-m", "pip", "--version"):
        return [str(PYTHON), "-m", "pip"]
    if runs(sys.executable, "-m", "pip", "--python", str(PYTHON), "--version"):
        return [sys.executable, "-m", "pip", "--python", str(PYTHON)]
    if runs(PYTHON, "-m", "ensurepip"):
        return [str(PYTHON), "-m", "pip"]
    raise SetupError(
        "This Python has no pip and cannot make one: install its pip (python3-pip or "
        "python3-venv on Debian and Ubuntu), or uv, and run this again."
    )


def runs(*command: str | Path) -> bool:
    """Return whether a command exists and succeeds."""
    try:
        done = subprocess.run([str(word) for word in command], capture_output=True, check=False)
    except OSError:
        return False
    return done.returncode == 0


def attempt(what: str, *command: str) -> None:
    """Run one step of the set-up, saying what it is and how long it took."""
    print(f"{what} ...", end="", flush=True)
    started = time.monotonic()
    done = subprocess.run(
        command,
        # uv trusts certificates of its own by default; the machine's are the ones pip goes by.
        env={"UV_SYSTEM_CERTS": "1", **os.environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    took = time.monotonic() - started
    print(f" {'done' if done.returncode == 0 else 'failed'} ({took:.1f} s)", flush=True)
    if done.returncode != 0:
        SETUP_LOG.write_text(done.stdout)
        raise SetupError(sentence_for(done.stdout))


def sentence_for(output: str) -> str:
    """Return the one sentence that says what is wrong, for what an installer printed."""
    for signs, sentence in SETUP_FAILURES:
        if any(sign in output for sign in signs):
            return sentence
    lines = output.strip().splitlines() or ["no reason was given"]
    return f"Set-up failed: {lines[-1].strip()} (all of it: {SETUP_LOG})"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
