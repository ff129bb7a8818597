"""PostgreSQL and Valkey: reached over verified TLS or not at all, nobody's without a password."""

from __future__ import annotations

import json
import os
import pickle
import signal
import stat
import zlib
from multiprocessing import get_context
from urllib.parse import urlsplit

import psycopg
import pytest
from redis import Redis
from redis.exceptions import AuthenticationError, RedisError
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

import workers.job
from app import extensions, jobs
from app.extensions import db
from app.production import demonstration_logins
from app.shared.work import PLATFORM, transaction
from supervisor.postgres import SUPERUSER
from supervisor.temporary import temporary_cluster, temporary_server
from tests.conftest import make_app, other_database
from tests.leaks import contents
from tests.security import tls
from workers.run import worker_of

ROLES_ASK = "SELECT DISTINCT auth_method FROM pg_hba_file_rules"
QUEUE, KEPT_HOUSE = "slow", "workers.house.keep_house"
# Nobody's: neither ours nor the one that PostgreSQL runs as.
SOMEBODY_ELSE = 54_321


def port_of(url: str) -> int:
    return urlsplit(url).port or 0


# On the way there ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trusted(tmp_path_factory):
    return tls.authority(tmp_path_factory.mktemp("trusted"))


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    return tls.authority(tmp_path_factory.mktemp("stranger"))


@pytest.fixture
def over_tls(cluster, database, valkey_url, fresh, trusted):
    """Make an application that reaches PostgreSQL at a port with verify-full."""
    made = []

    def make(port: int, host: str = "localhost"):
        url = urlsplit(other_database(cluster.application, database))
        where = f"{url.username}:{url.password}@{host}:{port}"
        words = f"sslmode=verify-full&sslrootcert={trusted.file}"
        url = f"postgresql://{where}/{database}?{words}"
        made.append(make_app(cluster, database, valkey_url, DATABASE_URL=url))
        return made[-1]

    yield make
    for app in made:
        with app.app_context():
            db.engine.dispose()


def test_s57_the_application_reaches_postgres_over_verified_tls(over_tls, cluster, trusted):
    context = trusted.context_for("localhost")
    with tls.front(port_of(cluster.application), context, asks_first=True) as port:
        app = over_tls(port)
        with app.app_context(), transaction(PLATFORM):
            driver = db.session.connection().connection.driver_connection
            assert driver.pgconn.ssl_in_use
            assert db.session.scalar(text("SELECT current_user")) == "onward_worker"
        with app.app_context():
            assert demonstration_logins() == []
            db.engine.dispose()


def test_s57_a_postgres_that_speaks_no_tls_is_not_spoken_to(over_tls, cluster):
    app = over_tls(port_of(cluster.application))

    with (
        app.app_context(),
        pytest.raises(OperationalError, match="does not support SSL, but SSL was required"),
        transaction(PLATFORM),
    ):
        pass


@pytest.mark.parametrize(
    ("who", "complaint"),
    [
        (("stranger", "localhost"), "certificate verify failed"),
        (("trusted", "db.internal"), "does not match host name"),
    ],
)
def test_s57_a_postgres_that_is_somebody_else_is_not_spoken_to(
    request, over_tls, cluster, who, complaint
):
    context = request.getfixturevalue(who[0]).context_for(who[1])
    with tls.front(port_of(cluster.application), context, asks_first=True) as port:
        app = over_tls(port)
        with (
            app.app_context(),
            pytest.raises(OperationalError, match=complaint),
            transaction(PLATFORM),
        ):
            pass


@pytest.fixture
def valkey_over_tls(cluster, database, valkey_url, trusted):
    """Return the application's own client of a Valkey that is reached at a port with TLS."""
    password, before = urlsplit(valkey_url).password, extensions.valkey.client

    def connect(port: int) -> Redis:
        address = f"rediss://:{password}@localhost:{port}/0?ssl_ca_certs={trusted.file}"
        make_app(cluster, database, valkey_url, REDIS_URL=address)
        return extensions.valkey.client

    yield connect
    extensions.valkey.client.close()
    extensions.valkey.client = before


@pytest.mark.parametrize(
    ("signed_by", "named", "answers"),
    [
        ("trusted", "localhost", True),
        ("stranger", "localhost", False),
        ("trusted", "valkey.internal", False),
    ],
)
def test_s57_the_application_reaches_valkey_over_verified_tls_only(
    request, valkey_over_tls, signed_by, named, answers
):
    context = request.getfixturevalue(signed_by).context_for(named)
    with tls.front(port_of(request.getfixturevalue("valkey_url")), context) as port:
        assert pings(valkey_over_tls(port)) is answers


def test_s57_a_valkey_that_speaks_no_tls_is_not_spoken_to(valkey_url):
    address = valkey_url.replace("redis://", "rediss://")
    with Redis.from_url(address, retry=None, socket_timeout=0.3) as client:
        assert not pings(client)


def pings(client: Redis) -> bool:
    try:
        return bool(client.ping())
    except RedisError:
        return False


# At the door -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def embedded(tmp_path_factory):
    """The servers as the supervisor starts them, and the folder of PostgreSQL's log."""
    folder = tmp_path_factory.mktemp("embedded")
    with (
        temporary_cluster(folder / "postgres") as (cluster, _),
        temporary_server(folder / "valkey") as (url, child),
    ):
        yield cluster, url, child.part.folder, folder / "postgres"


def test_s57_the_embedded_servers_listen_on_loopback_and_ask_everybody_for_a_password(embedded):
    cluster, url, *_ = embedded
    with psycopg.connect(cluster.url(SUPERUSER, "postgres")) as connection:
        told = {
            name: connection.execute(f"SHOW {name}").fetchone()
            for name in ("listen_addresses", "unix_socket_directories", "password_encryption")
        }
        methods = connection.execute(ROLES_ASK).fetchall()
    with Redis.from_url(url) as valkey:
        bound = valkey.config_get("bind"), valkey.config_get("unixsocket")

    assert [value for (value,) in told.values()] == ["127.0.0.1", "", "scram-sha-256"]
    assert methods == [("scram-sha-256",)]
    assert bound == ({"bind": "127.0.0.1"}, {"unixsocket": ""})


def test_s57_the_embedded_servers_files_are_their_accounts_alone(embedded):
    cluster, _, folder, _ = embedded

    modes = [stat.S_IMODE(path.stat().st_mode) for path in (cluster.folder, folder)]

    assert modes[0] == 0o700
    assert stat.S_IMODE((folder / "valkey.conf").stat().st_mode) == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user of the machine")
def test_s57_another_user_of_the_machine_gets_in_nowhere(embedded):
    cluster, url, folder, _ = embedded
    # Forked: what another user may not read is loaded already.
    context = get_context("fork")
    answers = context.SimpleQueue()
    places = [cluster.folder, folder / "valkey.conf"]
    other = context.Process(target=try_as_another_user, args=(cluster, url, places, answers))
    other.start()
    other.join(timeout=30)

    assert other.exitcode == 0
    assert answers.get() == ["refused"] * 5


def try_as_another_user(cluster, url, places, answers) -> None:
    """Try every door as somebody who knows the machine and no password."""
    os.setgroups([])
    os.setgid(SOMEBODY_ELSE)
    os.setuid(SOMEBODY_ELSE)
    address = {"host": "127.0.0.1", "port": cluster.port, "dbname": "onward"}
    tries = [
        lambda: psycopg.connect(**address, user=SUPERUSER),
        lambda: psycopg.connect(**address, user="onward_owner", password="guessed"),
        lambda: Redis(port=port_of(url), retry=None).ping(),
        lambda: list(places[0].iterdir()),
        places[1].read_text,
    ]
    answers.put([outcome(attempt) for attempt in tries])


def outcome(attempt) -> str:
    try:
        attempt()
    except (psycopg.OperationalError, AuthenticationError, PermissionError):
        return "refused"
    return "let in"


def test_s59_postgres_does_not_log_the_values_it_refuses(embedded):
    cluster, _, _, folder = embedded
    with psycopg.connect(cluster.url(SUPERUSER)) as connection:
        connection.execute("CREATE TEMP TABLE t (line text CHECK (line = ''))")
        with pytest.raises(psycopg.errors.CheckViolation, match="Storgatan 1"):
            connection.execute("INSERT INTO t VALUES (%s)", ["Storgatan 1"])

    log = (folder / "postgres.log").read_text()

    assert "violates check constraint" in log
    assert "Storgatan" not in log


# What waits in Valkey is only a bell ------------------------------------------------------------


class Bomb:
    """What a pickle does to whoever opens it."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (self.folder,)


called: list[str] = []


def note_call(*_: object) -> None:
    """Be what somebody wants called."""
    called.append("called")


@pytest.fixture
def work_off(app, valkey_url):
    """Push jobs as whoever can write to Valkey would, and have the real worker work them off.

    Returns what became of each; a job that is done is forgotten at once.
    """
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    workers.job._app = app  # noqa: SLF001 - what a worker makes of its environment
    called.clear()

    def push_and_work(*pushed: bytes, **words: str) -> list[str]:
        names = [f"pushed-{n}" for n, _ in enumerate(pushed)]
        known = {"origin": QUEUE, "status": "queued", "timeout": "60", "result_ttl": "0"}
        with Redis.from_url(valkey_url) as valkey:
            for name, data in zip(names, pushed, strict=True):
                valkey.hset(f"rq:job:{name}", mapping={"data": data} | known | words)
                valkey.rpush(f"rq:queue:{QUEUE}", name)
            worker_of(QUEUE, valkey).work(burst=True, logging_level="WARNING")
            found = [valkey.hget(f"rq:job:{name}", "status") for name in names]
        return [status.decode() if status else "done" for status in found]

    yield push_and_work
    workers.job._app = None  # noqa: SLF001 - the same
    for number, handler in handlers.items():
        signal.signal(number, handler)


def packed(name: str, *args: object, instance: object = None, **kwargs: object) -> bytes:
    return zlib.compress(json.dumps([name, instance, args, kwargs]).encode())


def test_s58_a_job_of_ours_is_done_by_this_very_worker(work_off):
    assert work_off(packed(KEPT_HOUSE)) == ["done"]


def test_s58_a_pickle_is_never_opened(work_off, tmp_path):
    hit = tmp_path / "hit"
    bombs = [pickle.dumps(Bomb(str(hit)), n) for n in range(pickle.HIGHEST_PROTOCOL + 1)]

    assert set(work_off(*bombs, *map(zlib.compress, bombs))) == {"failed"}
    assert not hit.exists()
    # It would have gone off.
    pickle.loads(bombs[0])  # noqa: S301 - our own, to show what a worker must not do
    assert hit.exists()


# "HIT" stands for a folder that would be there if the job had been run.
THEIRS = [
    packed("os.mkdir", "HIT"),
    packed("pathlib.Path.mkdir", "HIT"),
    packed("subprocess.check_call", ["mkdir", "HIT"]),
    packed("mkdir", instance="HIT"),
    packed("app.demo.seed"),
    packed(f"{__name__}.note_call"),
    packed(KEPT_HOUSE, "HIT"),
    packed(KEPT_HOUSE, is_time_up="HIT"),
    packed("keep_house", instance="workers.house"),
    packed(""),
    zlib.compress(b"[]"),
    zlib.compress(b"null"),
]


def test_s58_what_is_none_of_our_jobs_is_not_run(work_off, tmp_path):
    hit = tmp_path / "hit"
    named = [zlib.decompress(data).replace(b"HIT", str(hit).encode()) for data in THEIRS]

    assert set(work_off(*map(zlib.compress, named))) == {"failed"}
    assert not hit.exists()
    assert called == []


def test_s58_a_job_of_ours_brings_nobody_elses_function(work_off):
    kinds = ("success", "failure", "stopped")
    callbacks = {f"{kind}_callback_name": f"{__name__}.note_call" for kind in kinds}

    assert work_off(packed(KEPT_HOUSE), packed("os.mkdir"), **callbacks) == ["done", "failed"]
    assert called == []


def test_s58_s52_a_job_of_ours_posts_nowhere(work_off):
    hooks = [{"url": "http://203.0.113.1/", "statuses": ["finished", "failed"]}]

    # The tests' closed network would refuse, and the refusal be a warning.
    assert work_off(packed(KEPT_HOUSE), webhooks=json.dumps(hooks)) == ["done"]


def test_s58_s59_a_failure_is_kept_without_what_its_trace_tells(work_off, valkey_url):
    workers.job._app = Broken()  # noqa: SLF001 - what a worker makes of its environment

    assert work_off(packed(KEPT_HOUSE)) == ["failed"]
    with Redis.from_url(valkey_url) as valkey:
        kept = " ".join(words for _, words in contents(valkey))
    assert "RuntimeError: could not write to [blank]" in kept


class Broken:
    """An application that fails with a person in its words."""

    def app_context(self) -> None:
        raise RuntimeError("could not write to ada.lind@example.org")


def test_s58_s59_a_bell_carries_a_name_and_nothing_else(app, valkey_url):
    for name in jobs.JOBS:
        jobs.ring_now(name)

    with Redis.from_url(valkey_url) as valkey:
        kept = [valkey.hgetall(key) for key in valkey.keys("rq:job:*")]
    told = {job[b"description"].decode(): zlib.decompress(job[b"data"]) for job in kept}
    assert {name: json.loads(data) for name, data in told.items()} == {
        name: [job.path, None, [], {}] for name, job in jobs.JOBS.items()
    }
