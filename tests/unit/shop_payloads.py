"""Orders as shops write them, made up: only what matters to somebody is said twice."""

from __future__ import annotations

from typing import Any


def both(amount: str, currency: str = "EUR", shop: str | None = None) -> dict[str, Any]:
    """Return an amount as Shopify writes it: in the shop's currency and in the customer's."""
    return {
        "shop_money": {"amount": shop or amount, "currency_code": "EUR"},
        "presentment_money": {"amount": amount, "currency_code": currency},
    }


def shopify_item(key: int = 501, **changes: Any) -> dict[str, Any]:
    """Return a line of a Shopify order: two mugs at 12.50."""
    price = changes.pop("price", "12.50")
    return {
        "id": key,
        "admin_graphql_api_id": f"gid://shopify/LineItem/{key}",
        "current_quantity": changes.get("quantity", 2),
        "fulfillable_quantity": 2,
        "fulfillment_service": "manual",
        "fulfillment_status": None,
        "gift_card": False,
        "grams": 400,
        "name": "Mug - Red",
        "price": price,
        "price_set": both(price),
        "product_exists": True,
        "product_id": 8001,
        "properties": [],
        "quantity": 2,
        "requires_shipping": True,
        "sku": "MUG",
        "taxable": True,
        "title": "Mug",
        "total_discount": "0.00",
        "variant_id": 9001,
        "variant_title": "Red",
        "vendor": "Hearth",
        "tax_lines": [],
        "discount_allocations": [],
    } | changes


def shopify_order(**changes: Any) -> dict[str, Any]:
    """Return a paid order of a Shopify shop: 25.00 and 4.90 for shipping."""
    address = {
        "first_name": "Ada",
        "last_name": "Lind",
        "name": "Ada Lind",
        "address1": "Storgatan 1",
        "address2": None,
        "company": None,
        "city": "Malmö",
        "zip": "211 34",
        "province": None,
        "province_code": None,
        "country": "Sweden",
        "country_code": "SE",
        "phone": "+46701234567",
        "latitude": 55.6,
        "longitude": 13.0,
    }
    return {
        "id": 450789469,
        "admin_graphql_api_id": "gid://shopify/Order/450789469",
        "cancel_reason": None,
        "cancelled_at": None,
        "closed_at": None,
        "confirmed": True,
        "contact_email": "ada@example.org",
        "created_at": "2026-11-23T09:15:00+01:00",
        "currency": "EUR",
        "customer_locale": "sv-SE",
        "email": "ada@example.org",
        "financial_status": "paid",
        "fulfillment_status": None,
        "name": "#1001",
        "note": "Ring twice",
        "note_attributes": [],
        "number": 1,
        "order_number": 1001,
        "payment_gateway_names": ["bogus"],
        "phone": None,
        "presentment_currency": "EUR",
        "processed_at": "2026-11-23T09:15:00+01:00",
        "source_name": "web",
        "tags": "",
        "taxes_included": True,
        "test": False,
        "total_outstanding": "0.00",
        "total_price": "29.90",
        "total_price_set": both("29.90"),
        "updated_at": "2026-11-23T09:16:00+01:00",
        "customer": {
            "id": 207119551,
            "email": "ada@example.org",
            "first_name": "Ada",
            "last_name": "Lind",
            "phone": None,
        },
        "billing_address": address,
        "shipping_address": address,
        "line_items": [shopify_item()],
        "shipping_lines": [
            {
                "id": 1,
                "code": "Standard",
                "title": "Standard",
                "price": "4.90",
                "price_set": both("4.90"),
                "discounted_price_set": both("4.90"),
                "tax_lines": [],
                "is_removed": False,
            }
        ],
        "refunds": [],
        "fulfillments": [],
    } | changes


def woo_item(key: int = 315, **changes: Any) -> dict[str, Any]:
    """Return a line of a WooCommerce order: two mugs for 20.00 and 5.00 of taxes."""
    return {
        "id": key,
        "name": "Mug",
        "product_id": 93,
        "variation_id": 0,
        "quantity": 2,
        "tax_class": "",
        "subtotal": "20.00",
        "subtotal_tax": "5.00",
        "total": "20.00",
        "total_tax": "5.00",
        "taxes": [{"id": 75, "total": "5", "subtotal": "5"}],
        "meta_data": [],
        "sku": "MUG",
        "price": 10.0,
    } | changes


def woo_order(**changes: Any) -> dict[str, Any]:
    """Return a paid order of a WooCommerce shop: 25.00 and 4.90 for shipping."""
    person = {
        "first_name": "Bo",
        "last_name": "Ek",
        "company": "",
        "address_1": "Ågatan 3",
        "address_2": "",
        "city": "Linköping",
        "state": "",
        "postcode": "582 22",
        "country": "SE",
        "phone": "",
    }
    return {
        "id": 727,
        "parent_id": 0,
        "number": "727",
        "order_key": "wc_order_58d2d042d1d",
        "created_via": "checkout",
        "version": "9.4.0",
        "status": "processing",
        "currency": "EUR",
        "date_created": "2026-11-23T09:15:00",
        "date_created_gmt": "2026-11-23T08:15:00",
        "date_modified": "2026-11-23T09:16:00",
        "date_modified_gmt": "2026-11-23T08:16:00",
        "date_paid_gmt": "2026-11-23T08:16:00",
        "discount_total": "0.00",
        "shipping_total": "3.92",
        "total": "29.90",
        "total_tax": "5.98",
        "prices_include_tax": True,
        "customer_id": 0,
        "customer_note": "",
        "billing": person | {"email": "bo@example.org"},
        "shipping": person,
        "payment_method": "stripe",
        "transaction_id": "ch_1",
        "meta_data": [],
        "line_items": [woo_item()],
        "tax_lines": [],
        "shipping_lines": [
            {
                "id": 317,
                "method_title": "Flat rate",
                "method_id": "flat_rate",
                "total": "3.92",
                "total_tax": "0.98",
                "taxes": [],
                "meta_data": [],
            }
        ],
        "fee_lines": [],
        "coupon_lines": [],
        "refunds": [],
    } | changes
