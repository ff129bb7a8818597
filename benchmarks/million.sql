-- Orders of two years, set by set. %(orders)s is how many; %(first)s the last number there is.
-- Vendors as they are: a few sell most. Their names begin with "bench", so that they are told from others.
INSERT INTO vendors (id, code, name, status)
    SELECT uuidv7(), 'bench-' || n, 'Bench ' || n || ' & Sons', 'active'
    FROM generate_series(1, 40) n ON CONFLICT DO NOTHING;
INSERT INTO locations (id, vendor_id, code, name, zone, country, cut_off, handling_days)
    SELECT uuidv7(), id, 'main', 'Main', 'UTC', 'DE', '14:00', 1 FROM vendors
    WHERE code ^@ 'bench-' ON CONFLICT DO NOTHING;

-- Chance decides about an order once; everything that hangs on it follows from there. `age` is its place among all, 0 the
-- newest; most are of the second year. The newest are under way: how many that are depends on the trade of the day, not on
-- how many orders are kept, so a small fill has work enough, too, for every status and every step to fill a page.
SELECT setseed(0.5);
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
draws AS (SELECT d, (SELECT vendor_id FROM shares WHERE upto >= (d + 1) / 1000.0 ORDER BY upto LIMIT 1) AS vendor_id
    FROM generate_series(0, 999) d),
homes AS (SELECT d, (SELECT code FROM countries WHERE above <= d / 1000.0 ORDER BY above DESC LIMIT 1) AS country,
        (SELECT city FROM countries WHERE above <= d / 1000.0 ORDER BY above DESC LIMIT 1) AS city
    FROM generate_series(0, 999) d),
thrown AS (SELECT n, n::float / %(orders)s AS age, least(.3, greatest(.03, 3000.0 / %(orders)s)) AS busy,
        random() AS state, random() AS hour, floor(random() * 1000)::int AS vendor,
        floor(random() * 1000)::int AS second, floor(random() * 1000)::int AS home, random() AS worth, random() AS trouble
    FROM generate_series(1, %(orders)s) n)
SELECT t.worth, t.trouble, t.age < t.busy + .05 AS is_recent, h.country, h.city, a.vendor_id,
    CASE WHEN t.second < 150 THEN b.vendor_id END AS other_id,
    %(first)s + n AS serial, now() - interval '730 days' * t.age ^ 1.2 - interval '1 hour' * t.hour AS placed_at,
    CASE WHEN t.age < t.busy THEN CASE WHEN state < .25 THEN 'received' WHEN state < .85 THEN 'open'
            WHEN state < .95 THEN 'partly_shipped' ELSE 'shipped' END
        WHEN t.age < t.busy + .05 THEN CASE WHEN state < .70 THEN 'shipped' WHEN state < .78 THEN 'partly_shipped'
            WHEN state < .90 THEN 'partly_delivered' WHEN state < .98 THEN 'open' ELSE 'canceled' END
        WHEN state < .968 THEN 'delivered' WHEN state < .998 THEN 'canceled' ELSE 'shipped' END AS status,
    uuidv7(now() - interval '730 days' * t.age ^ 1.2 - interval '1 hour' * t.hour - clock_timestamp()) AS id
FROM thrown t JOIN homes h ON h.d = t.home JOIN draws a ON a.d = t.vendor JOIN draws b ON b.d = t.second;
CREATE INDEX ON chosen (placed_at);
ANALYZE chosen;

-- Some names are everybody's, each whole one is some people's: 40 first names, 400 last ones.
WITH words AS (SELECT string_to_array('Ada Bo Carl Dora Elif Filip Greta Hugo Ines Jonas Klara Leo Maja Nils Olga Pia'
        ' Rosa Sven Tove Ulf Vera Åsa Björn Chloé Émile Fatma Gaëlle Håkan Íris José Kaźmierz Łucja Marie Nuño Øyvind'
        ' René Søren Theo Uwe Zoë', ' ') AS firsts,
    string_to_array('Berg Lind Holm Falk Ström Gran Ek Rosen Silver Stein Kirch Wald Braun Weiß Schön Nowak Dubois'
        ' Garcí Rossi Silva', ' ') AS begins,
    string_to_array('man berg qvist ström son mann baum feld bach meier ski czyk ville mont ez oni eira ando é er', ' ')
        AS ends)
INSERT INTO customers (id, channel, external_id, name, email, phone)
    SELECT uuidv7(), 'webshop', 'B-' || n, firsts[1 + n %% 40] || ' ' || begins[1 + n / 40 %% 20] || ends[1 + n / 800 %% 20],
        'customer' || n || '@shop.example', '+46 70-' || lpad(n::text, 7, '0')
    FROM (SELECT DISTINCT serial / 3 AS n FROM chosen) c CROSS JOIN words ON CONFLICT DO NOTHING;
INSERT INTO products (sku, title, gtin, changed_at)
    SELECT 'B-SKU-' || n, 'Bowl no. ' || n, lpad(n::text, 13, '4'), now() FROM generate_series(0, 1999) n
    ON CONFLICT DO NOTHING;
INSERT INTO orders (id, reference, channel, number, cohort, placed_at, received_at, customer_id, currency,
        items_minor, freight_minor, ship_to, shipping, preferences, status, deliver_on, deliver_by, promise_zone,
        delivered_at, request_sha256)
    SELECT c.id, 'OR-B' || lpad(serial::text, 9, '0'), 'webshop', 'B-' || lpad(serial::text, 8, '0'),
        date_trunc('month', placed_at)::date, placed_at, placed_at, u.id, 'EUR',
        500 + (worth ^ 3 * 40000)::int, 490,
        jsonb_build_object('name', u.name, 'line1', 'Lane ' || serial, 'city', city, 'postal_code',
            lpad((serial %% 100000)::text, 5, '0'), 'country', country),
        '{}', '{}', c.status, CASE WHEN c.status <> 'received' THEN (placed_at + interval '6 days')::date END,
        CASE WHEN c.status <> 'received' THEN date_trunc('day', placed_at) + interval '7 days' END, 'UTC',
        CASE WHEN c.status = 'delivered' THEN placed_at + interval '3 days' + interval '5 days' * trouble ^ 3 END,
        md5(serial::text)
    FROM chosen c JOIN customers u ON u.channel = 'webshop' AND u.external_id = 'B-' || serial / 3
    ORDER BY placed_at;
-- Its trigger is not asked either.
INSERT INTO recipients SELECT c.id, u.words FROM chosen c JOIN
    (SELECT external_id, array_to_tsvector(words_of(name)) AS words FROM customers WHERE external_id ^@ 'B-' OFFSET 0) u
    ON u.external_id = 'B-' || serial / 3;
INSERT INTO order_lines (id, order_id, external_id, sku, title, options, quantity, unrouted, unit_price_minor,
        shipping_minor)
    SELECT uuidv7(), id, '1', 'B-SKU-' || serial %% 2000, 'Bowl', '{}', 1, 0, 500 + (worth ^ 3 * 40000)::int, 490
    FROM chosen ORDER BY placed_at;
INSERT INTO fulfillment_orders (id, reference, vendor_id, location_id, order_id, order_number, placed_at, cohort, status,
        assigned_at, confirm_by, ship_by, confirmed_at, shipped_at, delivered_at, ship_to, preferences)
    SELECT uuidv7(placed_at - clock_timestamp()), 'FO-B' || part || lpad(serial::text, 9, '0'), vendor, l.id, c.id,
        'B-' || lpad(serial::text, 8, '0'), placed_at, date_trunc('month', placed_at)::date,
        CASE c.status WHEN 'open' THEN (ARRAY['assigned', 'confirmed', 'picking', 'packed', 'on_hold'])[1 + serial %% 5]
            WHEN 'partly_shipped' THEN (ARRAY['shipped', 'confirmed'])[part]
            WHEN 'partly_delivered' THEN (ARRAY['delivered', 'shipped'])[part]
            ELSE c.status END,
        placed_at, placed_at + interval '1 day', placed_at + interval '2 days',
        CASE WHEN c.status <> 'open' OR serial %% 5 > 0 THEN placed_at + interval '8 hours' END,
        CASE WHEN c.status IN ('shipped', 'delivered') THEN placed_at + interval '36 hours' END,
        CASE WHEN c.status = 'delivered' THEN placed_at + interval '4 days' END,
        jsonb_build_object('city', c.city, 'country', c.country), '{}'
    FROM chosen c CROSS JOIN LATERAL (VALUES (1, c.vendor_id), (2, c.other_id)) p (part, vendor)
    JOIN locations l ON l.vendor_id = p.vendor AND l.code = 'main'
    WHERE c.status <> 'received' AND vendor IS NOT NULL AND (part = 1 OR c.other_id <> c.vendor_id)
    ORDER BY placed_at;
-- On no shelf there is any stock.
INSERT INTO listings (id, vendor_id, location_id, sku, title, cost_minor, currency, bin)
    SELECT uuidv7(), vendor_id, location_id, sku, 'Bowl', 300, 'EUR', 'B-' || lpad(right(sku, 2), 2, '0')
    FROM (SELECT DISTINCT f.vendor_id, f.location_id, l.sku FROM fulfillment_orders f JOIN order_lines l USING (order_id)
        WHERE f.order_id IN (SELECT id FROM chosen)) s ON CONFLICT DO NOTHING;
-- Of what is being picked, half is picked.
INSERT INTO fo_lines (id, fo_id, vendor_id, order_id, order_line_id, listing_id, line, sku, title, options, ordered,
        confirmed, picked, packed, shipped, delivered)
    SELECT uuidv7(), f.id, f.vendor_id, f.order_id, l.id, g.id, l.external_id, l.sku, l.title, '{}', l.quantity,
        (f.confirmed_at IS NOT NULL)::int * l.quantity,
        (is_packed OR f.status = 'picking' AND right(f.order_number, 1) < '5')::int * l.quantity,
        is_packed::int * l.quantity, (is_packed AND f.status <> 'packed')::int * l.quantity,
        (f.status = 'delivered')::int * l.quantity
    FROM fulfillment_orders f JOIN order_lines l ON l.order_id = f.order_id
    JOIN listings g ON g.location_id = f.location_id AND g.sku = l.sku
    CROSS JOIN LATERAL (SELECT f.status IN ('packed', 'shipped', 'delivered') AS is_packed) s
    WHERE f.order_id IN (SELECT id FROM chosen);
INSERT INTO packages (id, vendor_id, order_id, fo_id, cohort, reference, number, packed_at, packed_by)
    SELECT uuidv7(), vendor_id, order_id, id, cohort, 'PK-B' || substr(reference, 5), 1, confirmed_at, 'Bench'
    FROM fulfillment_orders WHERE status = 'packed' AND order_id IN (SELECT id FROM chosen);
INSERT INTO package_lines (package_id, fo_line_id, vendor_id, quantity)
    SELECT p.id, l.id, l.vendor_id, l.packed FROM packages p JOIN fo_lines l USING (fo_id)
    WHERE p.order_id IN (SELECT id FROM chosen);
UPDATE orders SET has_part_on_hold = true WHERE id IN
    (SELECT order_id FROM fulfillment_orders WHERE status = 'on_hold' AND order_id IN (SELECT id FROM chosen));
INSERT INTO shipments (id, reference, vendor_id, order_id, fo_id, cohort, carrier, tracking_number, period, status,
        shipped_at, first_scan_at, last_scan_at, delivered_at)
    SELECT uuidv7(), 'SH-B' || substr(reference, 5), vendor_id, order_id, id, cohort, 'fedex',
        '79' || lpad((substr(reference, 5))::bigint::text, 10, '0'), 2000 + extract(year FROM assigned_at)::int %% 100,
        CASE WHEN status = 'delivered' THEN 'delivered' ELSE 'in_transit' END, assigned_at + interval '36 hours',
        assigned_at + interval '40 hours', assigned_at + interval '3 days', delivered_at
    FROM fulfillment_orders WHERE reference ^@ 'FO-B' AND status IN ('shipped', 'delivered')
    AND order_id IN (SELECT id FROM chosen);
INSERT INTO exception_cases (id, reference, kind, subject_kind, subject_id, order_id, vendor_id, severity,
        occurred_at, raised_at, policy_version, facts)
    SELECT uuidv7(), 'CA-B' || serial, (ARRAY['late_dispatch', 'stalled', 'late_delivery'])[1 + serial %% 3],
        'order', id, id, vendor_id, (ARRAY['warning', 'warning', 'critical'])[1 + serial %% 3],
        placed_at + interval '2 days', placed_at + interval '2 days', 1, '{}'
    FROM chosen WHERE trouble < .08 AND is_recent AND status <> 'received';
