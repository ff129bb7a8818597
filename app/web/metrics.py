"""The numbers a monitoring system collects, in Prometheus' words: of requests, and as things stand.

Requests are counted by each process as they happen. All else is read when somebody asks, so that
numbers cost nothing while nobody looks. docs/runbook.md says what to be told about.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterable

from flask import Blueprint, Flask, Response, g, request
from prometheus_client import (
    CollectorRegistry,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from app.web import gauges

blueprint = Blueprint("metrics", __name__)
logger = logging.getLogger(__name__)
# Where the processes of one web server share what they counted; gunicorn.conf.py makes it empty.
FOLDER = "PROMETHEUS_MULTIPROC_DIR"
METHODS = {"GET", "HEAD", "POST", "PUT", "OPTIONS"}
# When each counter began would be as many numbers again, and nobody asks for them.
disable_created_metrics()
REGISTRY = CollectorRegistry()
# A page is good under 0.1 s and bad above 1 s; longer ones wait for something that is away.
SECONDS = Histogram(
    "onward_http_request_duration_seconds",
    "Until an answer begins, by the endpoint's name, the method and the class of the status.",
    ["endpoint", "method", "status"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0),
    registry=REGISTRY,
)
# Every way in times a few statuses: finding a counter here is quicker than by its labels.
known: dict[tuple[str, str, int], Histogram] = {}


def register(app: Flask) -> None:
    """Count every request of an application, whatever becomes of it; to be registered first."""
    app.before_request(_start)
    app.after_request(_count)


def _start() -> None:
    g.started = time.perf_counter()


def _count(response: Response) -> Response:
    method = request.method if request.method in METHODS else "other"
    key = (request.endpoint or "none", method, response.status_code // 100)
    try:
        counter = known.get(key)
        if counter is None:
            counter = known[key] = SECONDS.labels(key[0], method, f"{key[2]}xx")
        counter.observe(time.perf_counter() - g.get("started", time.perf_counter()))
    except OSError:
        # A full disk must not keep anybody from an answer.
        logger.warning("request not counted", exc_info=True)
    return response


class AsThingsStand(Collector):
    """Everything, read now."""

    def collect(self) -> Iterable[Metric]:
        """Return what is read now, and what all processes have counted."""
        yield from gauges.collect()
        folder = os.environ.get(FOLDER)
        counted = MultiProcessCollector(None, folder) if folder else REGISTRY
        yield from counted.collect()


@blueprint.get("/metrics")
def show() -> Response:
    """Show every number to a key that may read them."""
    registry = CollectorRegistry()
    registry.register(AsThingsStand())
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)
