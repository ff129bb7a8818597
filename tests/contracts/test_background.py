from __future__ import annotations

import importlib

import pytest
from sqlalchemy import text

from app.checks.rules import TIMED, WAKES
from app.extensions import db
from app.jobs import JOBS, QUEUES, backlogs
from app.shared import leases
from app.shared.work import PLATFORM, transaction
from scheduler.schedule import SCHEDULE, SWEEP
from supervisor import parts

LONGEST_LEASE_SECONDS = 90
BACKLOGS = {name: job.backlog for name, job in JOBS.items() if job.backlog}


@pytest.mark.parametrize("name", JOBS)
def test_a_jobs_path_leads_to_a_function_of_its_name(name):
    module, _, function = JOBS[name].path.rpartition(".")

    found = getattr(importlib.import_module(module), function)

    assert (callable(found), found.__name__, found.__module__) == (True, name, module)


@pytest.mark.parametrize("name", JOBS)
def test_a_jobs_queue_is_served_and_its_timeout_ends_before_any_lease(name):
    job = JOBS[name]

    assert job.queue in QUEUES
    assert job.timeout < LONGEST_LEASE_SECONDS
    assert f"{LONGEST_LEASE_SECONDS} seconds" in leases.TAKE


def test_every_queue_has_work_and_a_worker_of_its_own():
    assert {job.queue for job in JOBS.values()} == set(QUEUES) == set(parts.QUEUES)


def test_every_watcher_that_is_woken_is_a_job_that_works_off_its_checks():
    watchers = {watcher for woken in WAKES.values() for watcher in woken} | set(TIMED)

    assert {w: BACKLOGS[w].where for w in watchers} == {w: f"watcher = '{w}'" for w in watchers}
    assert {n for n, b in BACKLOGS.items() if b.table == "checks"} == watchers


def test_the_schedule_names_jobs_and_the_sweep_only():
    assert {every.job for every in SCHEDULE} <= {*JOBS, SWEEP}
    assert {n for n in JOBS if n not in BACKLOGS} == {every.job for every in SCHEDULE} - {SWEEP}


def test_every_backlog_can_be_asked_how_it_stands(app):
    with transaction(PLATFORM) as now:
        found = backlogs(now)

    assert [due.job for due in found] == list(BACKLOGS)
    assert {(due.ready, due.leased, due.oldest) for due in found} == {(False, False, None)}


@pytest.mark.parametrize("name", BACKLOGS)
def test_what_is_due_is_found_by_an_index(app, name):
    backlog = BACKLOGS[name]
    query = f"SELECT 1 FROM {backlog.table} WHERE {backlog.where} AND {backlog.due} <= now()"

    with transaction(PLATFORM):
        db.session.execute(text("SELECT ensure_cohort('2026-11-01')"))
        db.session.execute(text("SET LOCAL enable_seqscan = off"))
        plan = "\n".join(db.session.scalars(text(f"EXPLAIN {query}")))

    assert "Seq Scan" not in plan
    assert f"{backlog.due} <= now()" in plan.partition("Index Cond")[2]
