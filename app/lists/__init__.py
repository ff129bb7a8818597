"""Lists: what every list of a face has: filters, views, order, columns, choosing, files."""
