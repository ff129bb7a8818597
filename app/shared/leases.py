"""Leases: who works on a row, until when. The only place that reads PostgreSQL's own clock.

A lease is needed across network calls only. It is judged by the database's clock, because the
machines that take leases need not agree on the time.

What is taken is chosen in a CTE of the UPDATE, locked and limited there. In its WHERE, PostgreSQL
may look for it again for each row, and find as many more each time.
"""

from __future__ import annotations

FREE = "(leased_until IS NULL OR leased_until <= clock_timestamp())"
HELD = "leased_until > clock_timestamp()"
# Longer than any job may run (its timeout), so that a lease ends only when its holder is dead.
TAKE = "leased_until = clock_timestamp() + interval '90 seconds', lease_token = :token"
LET_GO = "leased_until = NULL, lease_token = NULL"
