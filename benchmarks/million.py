"""Claim: a million orders of two years are written in at most five minutes.

The limit is judged by a tenth of them on a throw-away database. `--data FOLDER --orders N` writes
them into the database of the platform that runs on that folder, for somebody to look at: rows
that lists show and searches find, which no job works on.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import psycopg
from flask_migrate import upgrade

from app import create_app
from app.extensions import db
from config import Config
from supervisor.files import read_json
from supervisor.ports import LOOPBACK
from supervisor.settings import kept_secrets
from supervisor.temporary import temporary_postgres, temporary_valkey

ROOT = Path(__file__).parents[1]
MILLION, A_TENTH, MOST_SECONDS = 1_000_000, 100_000, 300
VENDORS = 40

# Vendors as they are: a few sell most. Names begin with "b" so that they are told from others.
PEOPLE = f"""
INSERT INTO vendors (id, code, name, status)
    SELECT uuidv7(), 'bench-' || n, 'Bench ' || n || ' & Sons', 'active'
    FROM generate_series(1, {VENDORS}) n ON CONFLICT DO NOTHING;
INSERT INTO locations (id, vendor_id, code, name, zone, country, cut_off, handling_days)
    SELECT uuidv7(), id, 'main', 'Main', 'UTC', 'DE', '14:00', 1 FROM vendors
    WHERE code ^@ 'bench-' ON CONFLICT DO NOTHING;
"""
# Chance decides about an order once; everything that hangs on it follows from there. `age` is its
# place among all, 0 the newest: the newest are under way, so every status fills a page of ten
# thousand orders. Four in five orders are of the second year.
CHANCE = """
SELECT setseed(0.25);
CREATE TEMPORARY TABLE chosen AS
WITH countries AS (
    SELECT * FROM unnest(ARRAY['US', 'DE', 'GB', 'FR', 'SE', 'NL', 'ES', 'IT', 'PL', 'BR', 'JP', 'NZ'],
        ARRAY[0, .30, .50, .62, .72, .80, .86, .90, .94, .97, .985, .993],
        ARRAY['Austin', 'Hamburg', 'Leeds', 'Lyon', 'Umeå', 'Utrecht', 'Gijón', 'Turin', 'Łódź', 'Recife', 'Osaka',
            'Nelson'])
        c (code, above, city)),
-- the n-th vendor has 1/n of what the first one has
shares AS (SELECT v.id AS vendor_id, l.id AS location_id, n,
        sum(1.0 / n) OVER (ORDER BY n) / sum(1.0 / n) OVER () AS upto
    FROM (SELECT id, split_part(code, '-', 2)::int AS n FROM vendors WHERE code ^@ 'bench-') v
    JOIN locations l ON l.vendor_id = v.id),
-- a hundred draws are looked up instead of a million
draws AS (SELECT d, (SELECT vendor_id FROM shares WHERE upto >= d / 1000.0 ORDER BY upto LIMIT 1) AS vendor_id
    FROM generate_series(0, 999) d),
homes AS (SELECT d, (SELECT code FROM countries WHERE above <= d / 1000.0 ORDER BY above DESC LIMIT 1) AS country,
        (SELECT city FROM countries WHERE above <= d / 1000.0 ORDER BY above DESC LIMIT 1) AS city
    FROM generate_series(0, 999) d),
thrown AS (SELECT n, n::float / %(orders)s AS age, random() AS state, random() AS hour,
        floor(random() * 1000)::int AS vendor, floor(random() * 1000)::int AS second,
        floor(random() * 1000)::int AS home, random() AS worth, random() AS trouble
    FROM generate_series(1, %(orders)s) n)
SELECT t.n, t.age, t.worth, t.trouble, h.country, h.city, a.vendor_id,
    CASE WHEN t.second < 150 THEN b.vendor_id END AS other_id,
    %(first)s + n AS serial, now() - interval '730 days' * t.age ^ 1.2 - interval '1 hour' * t.hour AS placed_at,
    CASE WHEN t.age < .03 THEN CASE WHEN state < .25 THEN 'received' WHEN state < .85 THEN 'open'
            WHEN state < .95 THEN 'partly_shipped' ELSE 'shipped' END
        WHEN t.age < .08 THEN CASE WHEN state < .70 THEN 'shipped' WHEN state < .78 THEN 'partly_shipped'
            WHEN state < .90 THEN 'partly_delivered' WHEN state < .98 THEN 'open' ELSE 'canceled' END
        WHEN state < .968 THEN 'delivered' WHEN state < .998 THEN 'canceled' ELSE 'shipped' END AS status,
    NULL::uuid AS id
FROM thrown t JOIN homes h ON h.d = t.home JOIN draws a ON a.d = t.vendor JOIN draws b ON b.d = t.second;
UPDATE chosen SET id = uuidv7(placed_at - clock_timestamp());
CREATE INDEX ON chosen (placed_at);
ANALYZE chosen;
"""
ROWS = """
INSERT INTO customers (id, channel, external_id, name, email)
    SELECT uuidv7(), 'webshop', 'B-' || serial / 3, 'Customer ' || serial / 3,
        'customer' || serial / 3 || '@shop.example'
    FROM (SELECT DISTINCT ON (serial / 3) serial FROM chosen) c ON CONFLICT DO NOTHING;
INSERT INTO orders (id, reference, channel, number, cohort, placed_at, received_at, customer_id, currency,
        items_minor, freight_minor, ship_to, shipping, preferences, status, deliver_on, deliver_by, promise_zone,
        delivered_at, request_sha256)
    SELECT c.id, 'OR-B' || lpad(serial::text, 9, '0'), 'webshop', 'B-' || lpad(serial::text, 8, '0'),
        date_trunc('month', placed_at)::date, placed_at, placed_at, u.id, 'EUR',
        500 + (worth ^ 3 * 40000)::int, 490,
        jsonb_build_object('name', u.name, 'line1', 'Lane ' || serial, 'city', city, 'postal_code',
            lpad((serial % 100000)::text, 5, '0'), 'country', country),
        '{}', '{}', c.status, CASE WHEN c.status <> 'received' THEN (placed_at + interval '6 days')::date END,
        CASE WHEN c.status <> 'received' THEN date_trunc('day', placed_at) + interval '7 days' END, 'UTC',
        CASE WHEN c.status = 'delivered' THEN placed_at + interval '3 days' + interval '5 days' * trouble ^ 3 END,
        md5(serial::text)
    FROM chosen c JOIN customers u ON u.channel = 'webshop' AND u.external_id = 'B-' || serial / 3
    ORDER BY placed_at;
INSERT INTO order_lines (id, order_id, external_id, sku, title, options, quantity, unrouted, unit_price_minor,
        shipping_minor)
    SELECT uuidv7(), id, '1', 'B-SKU-' || serial % 2000, 'Bowl', '{}', 1, 0, 500 + (worth ^ 3 * 40000)::int, 490
    FROM chosen ORDER BY placed_at;
INSERT INTO fulfillment_orders (id, reference, vendor_id, location_id, order_id, order_number, cohort, status,
        assigned_at, confirm_by, ship_by, confirmed_at, shipped_at, delivered_at, ship_to, preferences)
    SELECT uuidv7(placed_at - clock_timestamp()), 'FO-B' || part || lpad(serial::text, 9, '0'), vendor, l.id, c.id,
        'B-' || lpad(serial::text, 8, '0'), date_trunc('month', placed_at)::date,
        CASE c.status WHEN 'open' THEN (ARRAY['assigned', 'confirmed', 'packed', 'on_hold'])[1 + serial % 4]
            WHEN 'partly_shipped' THEN (ARRAY['shipped', 'confirmed'])[part]
            WHEN 'partly_delivered' THEN (ARRAY['delivered', 'shipped'])[part]
            ELSE c.status END,
        placed_at, placed_at + interval '1 day', placed_at + interval '2 days', placed_at + interval '8 hours',
        CASE WHEN c.status IN ('shipped', 'delivered') THEN placed_at + interval '36 hours' END,
        CASE WHEN c.status = 'delivered' THEN placed_at + interval '4 days' END,
        jsonb_build_object('city', c.city, 'country', c.country), '{}'
    FROM chosen c CROSS JOIN LATERAL (VALUES (1, c.vendor_id), (2, c.other_id)) p (part, vendor)
    JOIN locations l ON l.vendor_id = p.vendor AND l.code = 'main'
    WHERE c.status <> 'received' AND vendor IS NOT NULL AND (part = 1 OR c.other_id <> c.vendor_id)
    ORDER BY placed_at;
INSERT INTO shipments (id, reference, vendor_id, order_id, fo_id, cohort, carrier, tracking_number, period, status,
        shipped_at, first_scan_at, last_scan_at, delivered_at)
    SELECT uuidv7(), 'SH-B' || substr(reference, 5), vendor_id, order_id, id, cohort, 'fedex',
        '79' || lpad((substr(reference, 5))::bigint::text, 10, '0'), 2000 + extract(year FROM assigned_at)::int % 100,
        CASE WHEN status = 'delivered' THEN 'delivered' ELSE 'in_transit' END, assigned_at + interval '36 hours',
        assigned_at + interval '40 hours', assigned_at + interval '3 days', delivered_at
    FROM fulfillment_orders WHERE reference ^@ 'FO-B' AND status IN ('shipped', 'delivered')
    AND order_id IN (SELECT id FROM chosen);
INSERT INTO exception_cases (id, reference, kind, subject_kind, subject_id, order_id, vendor_id, severity,
        occurred_at, raised_at, policy_version, facts)
    SELECT uuidv7(), 'CA-B' || serial, (ARRAY['late_dispatch', 'stalled', 'late_delivery'])[1 + serial % 3],
        'order', id, id, vendor_id, (ARRAY['warning', 'warning', 'critical'])[1 + serial % 3],
        placed_at + interval '2 days', placed_at + interval '2 days', 1, '{}'
    FROM chosen WHERE trouble < .02 AND age < .08 AND status <> 'received';
"""
TABLES = "customers, orders, order_lines, fulfillment_orders, shipments, exception_cases"


def fill(url: str, orders: int) -> float:
    """Write this many orders beside those that are there; return the seconds it took."""
    started = time.perf_counter()
    with psycopg.connect(url) as connection:
        # Every row names only what the same statements write, so keys need not be looked up twice.
        connection.execute("SET session_replication_role = replica")
        connection.execute("SET synchronous_commit = off")
        connection.execute("SET maintenance_work_mem = '256MB'")
        connection.execute(PEOPLE)
        row = connection.execute(
            "SELECT coalesce(max(substr(number, 3)::int), 0) FROM orders WHERE number ~ '^B-[0-9]{8}$'"
        ).fetchone()
        first = row[0] if row else 0
        values = {"orders": str(orders), "first": str(first)}
        for statement in (CHANCE % values + ROWS).split(";\n"):
            if statement.strip():
                connection.execute(statement)
        connection.commit()
        connection.execute(f"ANALYZE {TABLES}")
    return time.perf_counter() - started


def superuser_of(data: Path) -> str:
    """Return the address of the database of the platform that runs on a data folder."""
    port = read_json(data / "ports.json")["postgres"]
    password = kept_secrets(data / "secrets.json")["postgres_superuser"]
    return f"postgresql://postgres:{password}@{LOOPBACK}:{port}/onward"


def settings(urls_application: str, urls_owner: str, redis_url: str) -> Config:
    """Return the settings of an application on throw-away servers."""
    given = {
        "DATABASE_URL": urls_application,
        "DATABASE_OWNER_URL": urls_owner,
        "REDIS_URL": redis_url,
        "ENVIRONMENT": "test",
        "LOG_LEVEL": "ERROR",
    }
    return Config.from_environment(given)


def in_a_throw_away_database(orders: int) -> int:
    """Print how long it took; 1 where the claim does not hold."""
    folder = Path(tempfile.mkdtemp())
    with temporary_postgres(folder / "pg") as urls, temporary_valkey(folder / "vk") as redis_url:
        app = create_app(settings(urls.application, urls.owner, redis_url))
        with app.app_context():
            upgrade(directory=str(ROOT / "migrations"))
            db.engine.dispose()
        took = fill(urls.superuser.rpartition("/")[0] + "/onward", orders)
    each_million = took * MILLION / orders
    print(f"{orders:,} orders in {took:.1f} s: {each_million:.0f} s a million")
    print(f"(claim: at most {MOST_SECONDS} s a million)")
    return int(each_million > MOST_SECONDS)


def main() -> int:
    """Fill a database that is named, or measure on a throw-away one."""
    parser = argparse.ArgumentParser(prog="run.py bench million", description=__doc__)
    parser.add_argument("--orders", type=int, default=A_TENTH)
    parser.add_argument("--data", type=Path, help="the data folder of a running platform")
    options = parser.parse_args()
    if options.data is None:
        return in_a_throw_away_database(options.orders)
    took = fill(superuser_of(options.data), options.orders)
    print(f"{options.orders:,} orders are in the database of {options.data} ({took:.0f} s).")
    return 0


if __name__ == "__main__":
    sys.exit(main())
