"""The API: orders in, the vendors' moves, and what programs may read."""
