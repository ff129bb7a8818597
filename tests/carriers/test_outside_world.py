from __future__ import annotations

import smtplib
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import pytest
from carrier_world import NOON

from app.shared.outbound import Client
from simulator import mailbox, mailpage
from simulator.http import Reply, Router
from simulator.http import Served as Web
from simulator.mailbox import Mailbox, MailFault
from simulator.worldclock import WorldClock


@pytest.fixture
def post():
    box = Mailbox(kept=3)
    served = mailbox.Served(box)
    yield box, int(served.url.rpartition(":")[2])
    served.close()


def letter(subject: str, message_id: str = "<1@here>", text: str = "Hej!\n") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"] = "orders@onward.example", "ada@example.org"
    message["Subject"], message["Message-ID"] = subject, message_id
    message.set_content(text)
    message.add_alternative("<p>Hej!</p>", subtype="html")
    return message


def send(port: int, *letters: EmailMessage) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=5) as line:
        for each in letters:
            line.send_message(each)


def test_mail_is_kept_and_doubles_are_seen(post):
    box, port = post

    send(port, letter("One"), letter("One"), letter("Två", "<2@here>"))

    assert [mail.subject for mail in box.newest()] == ["Två", "One", "One"]
    assert (box.received, box.doubled(), box.times("<2@here>")) == (3, {"<1@here>": 2}, 1)
    assert box.newest()[0].text == "Hej!\n"


def test_only_the_last_messages_are_kept_and_all_are_counted(post):
    box, port = post

    send(port, *(letter(str(n), f"<{n}@here>") for n in range(5)))

    assert ([mail.subject for mail in box.newest()], box.received) == (["4", "3", "2"], 5)


@pytest.mark.parametrize(
    ("fault", "error", "kept", "refused"),
    [
        (MailFault.REJECT, smtplib.SMTPRecipientsRefused, 0, 1),
        (MailFault.AFTER_DATA, smtplib.SMTPDataError, 0, 1),
        (MailFault.DROP, smtplib.SMTPServerDisconnected, 1, 0),
    ],
)
def test_a_fault_is_felt_by_the_sender(post, fault, error, kept, refused):
    box, port = post
    box.fault = fault

    with pytest.raises(error):
        send(port, letter("One"))

    assert (box.received, box.refused) == (kept, refused)


def test_a_server_that_hangs_lets_the_sender_wait(post):
    box, port = post
    box.fault = MailFault.HANG

    with (
        pytest.raises(smtplib.SMTPServerDisconnected, match="timed out"),
        smtplib.SMTP("127.0.0.1", port, timeout=0.3) as line,
    ):
        line.send_message(letter("One"))

    assert box.received == 0


def test_the_pages_escape_what_arrived(post):
    box, port = post
    send(port, letter("<script>x</script>", text="<b>bold</b>\n"))
    router = Router()
    mailpage.mount(router, box)
    web = Web(router, 0)

    pages = [Client().get(f"{web.url}{path}") for path in ("/mailbox", "/mailbox/1")]
    style = Client().get(f"{web.url}/mailbox.css")
    gone = Client().get(f"{web.url}/mailbox/99")
    web.close()

    assert all(b"<script>" not in page.body and b"<b>" not in page.body for page in pages)
    assert b"&lt;b&gt;bold&lt;/b&gt;" in pages[1].body
    assert all("'unsafe" not in page.headers["content-security-policy"] for page in pages)
    assert style.headers["content-type"] == "text/css; charset=utf-8"
    assert gone.status == 404


def test_the_router_takes_the_longest_prefix_and_whole_names_only():
    router = Router()
    router.add("GET", "/a", lambda request: Reply(body=f"a:{request.rest}".encode()))
    router.add("GET", "/a/b", lambda request: Reply(body=f"b:{request.rest}".encode()))

    told = {p: router.answer("GET", p, {}, b"").body for p in ("/a/c?x=1", "/a/b/d", "/healthz")}

    assert told == {"/a/c?x=1": b"a:c", "/a/b/d": b"b:d", "/healthz": b"ok\n"}
    assert router.answer("GET", "/ab", {}, b"").status == 404
    assert router.answer("POST", "/a", {}, b"").status == 404


@pytest.fixture
def platform():
    router, heard = Router(), []
    told = {"body": b""}

    def clock(request):
        heard.append(request.headers.get("authorization"))
        return Reply(body=told["body"], headers={"Content-Type": "application/json"})

    router.add("GET", "/api/v1/clock", clock)
    web = Web(router, 0)
    yield web.url, told, heard
    web.close()


def test_the_world_runs_on_between_answers(platform):
    url, told, heard = platform
    told["body"] = b'{"now": "2026-06-01T12:00:00Z", "rate": 1800}'
    machine = iter([0.0, 10.0, 10.0, 11.0])
    clock = WorldClock(url, "key", machine=lambda: next(machine))

    assert clock.ask()

    assert clock() == NOON + timedelta(seconds=1800)
    assert (heard, clock.rate) == (["Bearer key"], 1800)
    clock.close()


@pytest.mark.parametrize("answer", [b"", b"[]", b"{}", b'{"now": "2026-06-01T12:00:00"}'])
def test_a_word_that_cannot_be_read_changes_nothing(platform, answer):
    url, told, _ = platform
    told["body"] = answer
    clock = WorldClock(url, "key")

    assert not clock.ask()

    assert abs(clock() - datetime.now(UTC)) < timedelta(seconds=5)
    clock.close()


def test_a_clock_that_was_started_is_closed(platform):
    url, told, heard = platform
    told["body"] = b'{"now": "2026-06-01T12:00:00Z", "rate": 0}'
    clock = WorldClock(url, "key")

    clock.start()
    clock.close()

    assert (clock(), len(heard)) == (NOON, 1)
