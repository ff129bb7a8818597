import time
from sqlalchemy import event
from app.api.documents import order_document
from app.extensions import db
from app.shared.work import OPS, transaction
from tests.factories import line, make_order, make_vendor_with_stock
from collections import defaultdict

def test_measure(api):
    make_vendor_with_stock(stock={"MUG": 1000})
    keys = [make_order(lines=[line("MUG", 1, str(i)) for i in range(3)]) for _ in range(60)]
    for k in keys[:10]:
        with transaction(OPS): order_document(k)
    t = defaultdict(float)
    last = {}
    def before(c, cu, statement, *_): last["t"] = time.perf_counter()
    def after(c, cu, statement, *_): t[statement.split("FROM")[1].split()[0]] += time.perf_counter()-last["t"]
    event.listen(db.engine, "before_cursor_execute", before)
    event.listen(db.engine, "after_cursor_execute", after)
    b=time.perf_counter()
    for k in keys[10:]:
        with transaction(OPS): order_document(k)
    print("\nall", (time.perf_counter()-b)/50*1000)
    for n, v in t.items(): print(n, round(v/50*1000,2))
    print(sum(t.values())/50*1000)
    with transaction(OPS):
        print(db.session.execute(db.text("select inhparent::regclass, count(*) FROM pg_inherits group by 1")).all())
