"""Shipments: parcels, what their carriers say of them, and when to ask again."""
