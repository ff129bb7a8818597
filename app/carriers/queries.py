"""Shows what a carrier's answer means, in the words of the contract."""

from __future__ import annotations

from datetime import UTC, datetime

from app.carriers.contract import Answer, ErrorClass, Reading

Shown = dict[str, object]


def describe(answer: Answer) -> Shown:
    """Return an answer as JSON words; one about several parcels lists them in `results`."""
    if len(answer.readings) == 1:
        return _reading(answer.readings[0], answer.error)
    whole = _reading(Reading(""), answer.error) | {"tracking_number": None, "event_count": None}
    if not answer.readings:
        return whole
    count = sum(len(reading.scans) for reading in answer.readings)
    results = [_reading(reading, None) for reading in answer.readings]
    return whole | {"event_count": count, "results": results}


def _reading(reading: Reading, error: ErrorClass | None) -> Shown:
    last = reading.scans[-1] if reading.scans else None
    error = error or reading.error
    return {
        "tracking_number": reading.tracking_number,
        "unified_status": reading.status,
        "event_count": len(reading.scans),
        "last_event_utc": _utc(last.occurred_at) if last else None,
        "last_event_local": last.local_at if last else None,
        "eta": _utc(reading.eta),
        "eta_kind": reading.eta_kind,
        "delivered_at_utc": _utc(reading.delivered_at),
        "delivered_at_local": reading.delivered_local,
        "signed_by": reading.signed_by,
        "delay_reason": reading.delay_reason,
        "error_class": error,
        "retryable": error.retryable if error else None,
    }


def _utc(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z") if moment else None
