-- Forty vendors; every SKU is sold by two of them, so that each line has a choice, and one alone sells what all want.
SELECT ensure_cohort(date_trunc('month', now())::date);
INSERT INTO vendors (id, code, name, email, status)
    SELECT uuidv7(), 'shop-' || n, 'Shop ' || n, 'shop' || n || '@vendors.example', 'active'
    FROM generate_series(0, 39) n;
INSERT INTO locations (id, vendor_id, code, name, zone, country, cut_off, handling_days)
    SELECT uuidv7(), id, 'main', 'Main', 'UTC', 'DE', '14:00', 1 FROM vendors WHERE code ^@ 'shop-';
INSERT INTO products (sku, title, weight_g, changed_at)
    SELECT 'S-' || n, 'Bowl ' || n, 200 + n % 900, now() FROM generate_series(0, 1999) n;
INSERT INTO listings (id, vendor_id, location_id, sku, title, cost_minor, currency)
    SELECT uuidv7(), v.id, l.id, 'S-' || n, 'Bowl ' || n, 500 + 31 * n % 200
        -- for all that a pair of vendors has, the same one is the cheaper: an order is no parcel more
        + CASE WHEN (n % 2 = 0) = (side = 0) THEN 0 ELSE 17 END, 'EUR'
    FROM generate_series(0, 1999) n CROSS JOIN (VALUES (0), (20)) sides (side)
    JOIN vendors v ON v.code = 'shop-' || n % 20 + side JOIN locations l ON l.vendor_id = v.id;
INSERT INTO listings (id, vendor_id, location_id, sku, title, cost_minor, currency)
    SELECT uuidv7(), v.id, l.id, 'HOT', 'What all want', 500, 'EUR'
    FROM vendors v JOIN locations l ON l.vendor_id = v.id WHERE v.code = 'shop-0';
INSERT INTO stock (listing_id, vendor_id, on_hand) SELECT id, vendor_id, 1000000 FROM listings;
ANALYZE vendors, locations, products, listings, stock;
