"""Vendors: who ships, and from where."""
