"""The mailbox as pages: what arrived, newest first, and one message as text."""

from __future__ import annotations

from html import escape
from http import HTTPStatus

from simulator.http import Reply, Request, Router, plain
from simulator.mailbox import Mail, Mailbox

SHOWN = 200
HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 64rem; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid #8884; padding: .5rem; text-align: left; vertical-align: top; }
pre { border: 1px solid #8884; border-radius: .5rem; overflow-wrap: anywhere; padding: 1rem;
  white-space: pre-wrap; }
.quiet { opacity: .75; }
"""


def mount(router: Router, box: Mailbox) -> None:
    """Show a mailbox at /mailbox."""
    router.add("GET", "/mailbox", lambda request: _answer(request, box))
    router.add("GET", "/mailbox.css", lambda _: _style())


def render_mailbox(box: Mailbox) -> str:
    """Return the page of what arrived."""
    mails = box.newest(SHOWN)
    rows = "\n".join(_row(mail, box.times(mail.message_id)) for mail in mails)
    counts = f"{box.received} received, {box.refused} refused, {len(box.doubled())} came twice."
    head = "<tr><th>Arrived</th><th>To</th><th>Subject</th><th>Times</th></tr>"
    body = f"<table><thead>{head}</thead><tbody>{rows}</tbody></table>"
    empty = "<p>No mail yet.</p>"
    return _page("Mailbox", f'<p class="quiet">{counts}</p>{body if mails else empty}')


def render_mail(mail: Mail, times: int) -> str:
    """Return the page of one message."""
    facts = (
        ("From", mail.sender),
        ("To", ", ".join(mail.recipients)),
        ("Arrived", _clock(mail)),
        ("Message-ID", mail.message_id),
        ("Times", str(times)),
    )
    rows = "".join(f"<tr><th scope=row>{n}</th><td>{escape(v)}</td></tr>" for n, v in facts)
    back = '<p><a href="/mailbox">All mail</a></p>'
    body = f"{back}<table><tbody>{rows}</tbody></table><pre>{escape(mail.text)}</pre>"
    return _page(mail.subject or "(no subject)", body)


def _answer(request: Request, box: Mailbox) -> Reply:
    if not request.rest:
        return Reply(body=render_mailbox(box).encode("utf-8", "replace"), headers=HEADERS)
    number = request.rest
    known = number.isascii() and number.isdecimal() and len(number) < len("1000000000")
    mail = box.find(int(number)) if known else None
    if not mail:
        return Reply(HTTPStatus.NOT_FOUND, b"No such message is kept.\n", plain())
    page = render_mail(mail, box.times(mail.message_id))
    return Reply(body=page.encode("utf-8", "replace"), headers=HEADERS)


def _style() -> Reply:
    headers = {"Content-Type": "text/css; charset=utf-8", "Cache-Control": "max-age=3600"}
    return Reply(body=STYLE.encode(), headers=headers)


def _row(mail: Mail, times: int) -> str:
    subject = escape(mail.subject or "(no subject)")
    cells = (
        _clock(mail),
        escape(", ".join(mail.recipients)),
        f'<a href="/mailbox/{mail.id}">{subject}</a>',
        str(times),
    )
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _clock(mail: Mail) -> str:
    return f"{mail.arrived_at:%Y-%m-%d %H:%M:%S} UTC"


def _page(title: str, body: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{escape(title)}</title><link rel="stylesheet" href="/mailbox.css"></head>'
        f"<body><main><h1>{escape(title)}</h1>{body}</main></body></html>"
    )
