import time
from contextlib import contextmanager
from sqlalchemy import event
from app.api.documents import order_document
from app.extensions import db
from app.shared import work
from app.shared.work import OPS, transaction
from tests.factories import line, make_order, make_vendor_with_stock, order_body

@contextmanager
def counted():
    seen = []
    def note(c, cu, statement, *_): seen.append(statement)
    real = work.rows
    event.listen(db.engine, "before_cursor_execute", note)
    yield seen
    event.remove(db.engine, "before_cursor_execute", note)

def test_measure(api):
    make_vendor_with_stock(stock={"MUG": 1000})
    keys = [make_order(lines=[line("MUG", 1, str(i)) for i in range(3)]) for _ in range(60)]
    for part in (keys[:10], keys[10:]):
        began = time.perf_counter()
        for k in part:
            with transaction(OPS): pass
        empty = time.perf_counter() - began
        began = time.perf_counter()
        for k in part:
            with transaction(OPS): order_document(k)
        took = time.perf_counter() - began - empty
    with counted() as seen, transaction(OPS):
        doc = order_document(keys[0])
    print(f"\nDOC {len(seen)} statements, {took/len(part)*1000:.2f} ms")
    for i in range(20):
        api("POST", "/orders", order_body(f"W-{i}"), **{"Idempotency-Key": f"w{i}"})
    began = time.perf_counter()
    for i in range(100):
        assert api("POST", "/orders", order_body(f"P-{i}"), **{"Idempotency-Key": f"k{i}"}).status_code == 201
    print(f"POST {(time.perf_counter()-began)/100*1000:.2f} ms")
    with counted() as seen:
        api("POST", "/orders", order_body("Q"), **{"Idempotency-Key": "q"})
    print("POST statements via sqlalchemy", len(seen))
    print(doc)
