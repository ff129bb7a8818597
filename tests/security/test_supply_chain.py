"""What the platform is made of, what is known against it, and words that no code of ours holds."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest
from cyclonedx.model.bom import Bom

import run as door

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock")
ENTRY = re.compile(r"[a-z0-9][a-z0-9._-]*==[0-9][\w.+!-]*( ; [^\\]+)? \\")
HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}( \\)?")


# Pinned, listed, asked about --------------------------------------------------------------------


@pytest.mark.parametrize("name", LOCKS)
def test_s71_every_package_is_pinned_to_a_version_and_to_its_files(name):
    lines = (ROOT / name).read_text().splitlines()

    odd = [line for line in lines if not (ENTRY.fullmatch(line) or HASH.fullmatch(line))]
    bare = [entry for entry, _, digests in door.locked((ROOT / name).read_text()) if not digests]
    assert odd == []
    assert bare == []


def test_s71_what_runs_is_a_part_of_what_is_tested_version_by_version():
    runtime, development = (
        {(n, v) for n, v, _ in door.locked((ROOT / f).read_text())} for f in LOCKS
    )

    assert runtime < development


def test_s71_whatever_the_project_asks_for_is_in_the_lock():
    text = (ROOT / "pyproject.toml").read_text()
    wanted = re.findall(r'^  "([a-z0-9-]+)(?:\[[a-z]+\])?[=><]', text, flags=re.MULTILINE)

    assert len(wanted) > 20
    assert set(wanted) <= {name for name, *_ in door.locked((ROOT / LOCKS[1]).read_text())}


def test_s71_the_bill_of_materials_is_cyclonedx_and_names_every_package(tmp_path):
    file = tmp_path / "sbom.json"

    assert door.main(["sbom", str(file)]) == 0

    bill = Bom.from_json(json.loads(file.read_text()))
    named = {(part.name, part.version) for part in bill.components}
    assert named == {(n, v) for n, v, _ in door.locked((ROOT / LOCKS[0]).read_text())}
    assert all(part.hashes and str(part.purl).startswith("pkg:pypi/") for part in bill.components)


def test_s71_the_same_lock_is_the_same_bill(capsys):
    door.main(["sbom"])
    first = capsys.readouterr().out
    door.main(["sbom"])

    assert capsys.readouterr().out == first
    assert json.loads(first)["bomFormat"] == "CycloneDX"


SAFE = {"name": "flask", "version": "3.1.3", "vulns": []}
UNSAFE = {"name": "jinja2", "version": "2.0", "vulns": [{"id": "PYSEC-1"}, {"id": "PYSEC-2"}]}
UNKNOWN = {"name": "rq", "skip_reason": "Dependency not found on PyPI and could not be audited"}


@pytest.mark.parametrize(
    ("packages", "unsafe", "told"),
    [
        ([], [], "pip-audit: not run (no advisory data)"),
        ([UNKNOWN, UNKNOWN], [], "pip-audit: not run (no advisory data)"),
        ([SAFE], [], "pip-audit: 1 packages asked about, 0 with known vulnerabilities"),
        (
            [SAFE, UNSAFE, UNKNOWN],
            ["jinja2 2.0: PYSEC-1, PYSEC-2"],
            (
                "pip-audit: 2 packages asked about, 1 with known vulnerabilities,"
                " not run for 1 (no advisory data)"
            ),
        ),
    ],
)
def test_s71_silence_is_never_told_as_safety(packages, unsafe, told):
    assert door.advisories(packages) == (unsafe, told)
    assert "pass" not in told


@pytest.fixture
def lint(tmp_path, monkeypatch):
    """Run lint with a Python that answers as pip-audit would: lint(what it prints) -> exit code."""
    monkeypatch.setattr(door, "PYTHON", tmp_path / "python")

    def run_lint(answer: str, code: int) -> int:
        (tmp_path / "answer").write_text(answer)
        words = (
            f"#!/bin/sh\ncase \"$*\" in *pip_audit*) cat '{tmp_path}/answer'; exit {code};; esac\n"
        )
        door.PYTHON.write_text(words)
        door.PYTHON.chmod(0o700)
        return door.lint([])

    return run_lint


def test_s71_a_known_vulnerability_fails_the_gate(lint, capsys):
    assert lint(json.dumps({"dependencies": [SAFE, UNSAFE]}), 1) == 1

    told = capsys.readouterr().out.splitlines()
    assert "jinja2 2.0: PYSEC-1, PYSEC-2" in told
    assert told[-1].startswith(
        "lint: failed: advisories; pip-audit: 2 packages asked about, 1 with"
    )


@pytest.mark.parametrize(
    "answer",
    ["", "Traceback: no network", '{"dependencies": []}', json.dumps({"dependencies": [UNKNOWN]})],
)
@pytest.mark.parametrize("code", [0, 1])
def test_s71_advice_that_cannot_be_had_is_said_to_be_missing(lint, capsys, answer, code):
    assert lint(answer, code) == 0

    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "lint: everything holds; pip-audit: not run (no advisory data)"


def test_s71_advice_that_does_not_come_is_not_waited_for(lint, capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(door, "AUDIT_SECONDS", 0.2)
    door.PYTHON.write_text('#!/bin/sh\ncase "$*" in *pip_audit*) exec sleep 30;; esac\n')
    door.PYTHON.chmod(0o700)

    assert door.lint([]) == 0
    assert capsys.readouterr().out.endswith("pip-audit: not run (no advisory data)\n")


# Words that open doors --------------------------------------------------------------------------

CODE = sorted(
    path
    for folder in ("app", "workers", "scheduler", "simulator", "supervisor", "migrations")
    for path in (ROOT / folder).rglob("*.py")
) + [ROOT / name for name in ("config.py", "wsgi.py", "gunicorn.conf.py", "run.py")]
# The one place that draws marks; what it writes is escaped, and tests/unit/test_marks.py says so.
DRAWS = ROOT / "app" / "web" / "marks.py"
# What opens a door when a stranger's text gets there; nothing of ours needs any of it.
FORBIDDEN = {
    "words passed off as safe HTML": r"\bMarkup\b|\|\s*safe\b|autoescape\s*=\s*False",
    "a shell": r"shell\s*=\s*True|os\.system\(|os\.popen\(|subprocess\.getoutput",
    "code that is made of words": r"(?<![\w.])(?:eval|exec|compile|__import__)\(",
    "templates that are made of words": r"render_template_string|from_string\(|Template\(",
    "objects that are made of bytes": r"\bpickle\b|\bmarshal\b|\bshelve\b|\bdill\b|jsonpickle",
    "YAML that makes objects": r"yaml\.(?:load|unsafe_load)\(",
    "XML that reads files": r"xml\.etree|xml\.sax|xml\.dom|lxml",
    "TLS that trusts everybody": (
        r"verify\s*=\s*False|CERT_NONE|_create_unverified_context|check_hostname\s*=\s*False"
    ),
    "chance that can be foretold": r"random\.(?:choice|randint|random|getrandbits)\(",
    "a hash that is broken": r"\b(?:md5|sha1)\(",
}


def strip_comments(source: str) -> str:
    return re.sub(r"#.*", "", source)


@pytest.mark.parametrize("what", FORBIDDEN)
def test_s75_no_code_of_ours_holds(what):
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in CODE
        if (what, path) != ("words passed off as safe HTML", DRAWS)
        for match in re.finditer(FORBIDDEN[what], strip_comments(path.read_text()))
    ]

    assert found == []


# Names that hold what must not be compared letter by letter: time would tell how much is right.
SECRET = re.compile(
    r"(?:^|_)(?:(?:hex)?digest|signature|hmac|mac|secret|token|password|hash|otp|csrf)$"
)

# What was sent, told from what was sent before: whoever asks knows it already.
FINGERPRINTS = {
    "app/api/idempotency.py: kept.request_sha256 != digest",
    "app/orders/intake.py: found.digest != order.request_sha256",
}


def compared(path: Path) -> list[str]:
    """Return the comparisons by == or != of something that is named like a secret."""
    return [
        f"{path.relative_to(ROOT)}: {ast.unparse(node)}"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Compare)
        and any(isinstance(sign, ast.Eq | ast.NotEq) for sign in node.ops)
        and is_of_secrets([node.left, *node.comparators])
    ]


def is_of_secrets(sides: list[ast.expr]) -> bool:
    """Return whether Python compares a secret; a model's column is compared by the database."""
    columns = [s for s in sides if isinstance(s, ast.Attribute) and ast.unparse(s)[0].isupper()]
    constants = [side for side in sides if isinstance(side, ast.Constant)]
    return not (columns or constants) and any(map(is_secret, sides))


def is_secret(side: ast.expr) -> bool:
    made_by = ast.unparse(side.func) if isinstance(side, ast.Call) else ast.unparse(side)
    return bool(SECRET.search(made_by.rpartition(".")[2]))


def test_s55_s75_no_secret_is_compared_letter_by_letter():
    found = {line for path in CODE for line in compared(path)}

    assert found - FINGERPRINTS == set()


@pytest.mark.parametrize(
    ("line", "is_found"),
    [
        ("a.signature == b", True),
        ("hash_of(x).digest() != y", True),
        ("hmac.new(k, b).hexdigest() == given", True),
        ("token == other", True),
        ("Session.hash == token_hash(t)", False),
        ("kept == token_hash(t)", True),
        ("token == ''", False),
        ("total == other", False),
        ("hmac.compare_digest(signature, other)", False),
    ],
)
def test_s75_the_search_finds_what_it_is_for(tmp_path, monkeypatch, line, is_found):
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    (tmp_path / "code.py").write_text(line)

    assert bool(compared(tmp_path / "code.py")) is is_found
