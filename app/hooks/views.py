"""Where shops send their orders: verified by signature, answered at once.

Whatever a genuine delivery says is answered with 200, refusals too: Shopify deletes a subscription
whose deliveries fail, and WooCommerce switches its webhook off after a few, so that one order that
cannot be read would cost all that come after it. Only what was not decided (a wrong signature, too
many at once, a database that is away) has another status, and is sent again by shops that do so.
"""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import Unauthorized

from app.accounts.throttle import place
from app.doors.guard import origin
from app.intake import deliveries
from app.intake.contract import Sent
from app.web import rates

blueprint = Blueprint("hooks", __name__, url_prefix="/webhooks")
MOST_BYTES = 2 * 1024 * 1024
UNSIGNED = (
    "No order source of this address has signed this body: check the address, the secret, and that"
    " the body is sent as it was signed."
)


@blueprint.post("/sources/<source>")
def receive(source: str) -> ResponseReturnValue:
    """Take a delivery, and say what came of it."""
    request.max_content_length = MOST_BYTES
    sent = Sent({k.lower(): v for k, v in request.headers}, request.get_data(cache=False))
    if deliveries.is_ping(sent):
        # WooCommerce takes no other status for an answer.
        return "", 200
    shop = deliveries.verified(source, sent)
    if shop is None:
        # The same for a source that nobody knows: who is here is nobody else's business.
        rates.count("wrong_key", place(origin().address))
        raise Unauthorized(UNSIGNED)
    rates.count("source", str(shop.id))
    result = deliveries.receive(shop, sent)
    answer = {"outcome": result.outcome, "number": result.number, "problem": result.problem}
    errors = [{"field": name, "detail": words} for name, words in result.errors.items()]
    return answer | {"errors": errors}
