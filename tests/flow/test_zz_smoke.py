from __future__ import annotations
import pytest
from app.extensions import valkey
from app.shared import live
from app.notices.contract import Notice
from app.notices.service import tell
from app.shared.work import *
from tests.people import *
from tests.factories import *
def test_x(app, jobs_run_here):
    v = make_vendor_with_stock("kiln", {"MUG": 10})
    routed_order("A-1", [line("MUG")])
    b = sign_in_as(app, "ops_agent")
    o = sign_in_as(app, "vendor_owner", vendor=v)
    with transaction(OPS): tell([Notice("ops","case_critical","CA-1","x",{"kind":"late_dispatch","name":"FO-1"})])
    for who, base in ((b,"/console"),(o,"/portal")):
        for path in (f"{base}/", f"{base}/notices", f"{base}/notices/news", "/account/notices", "/account"):
            a = who.get(path); print(path, a.status_code)
            assert a.status_code == 200, a.text[-3000:]
        print(who.get(f"{base}/notices").text[-2600:])
    r = run("mail_notices"); print(r)
    print(o.post("/account/notices", data={"digest_at":"09:00","quiet_from":"22:00","quiet_until":"07:00","mail_work_assigned":"now","mail_work_held":"digest","mail_mention":"now","mail_note":"never"}).status_code)
