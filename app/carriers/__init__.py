"""Carriers: what they say about a parcel, read into our own words."""
