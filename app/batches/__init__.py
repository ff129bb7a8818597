"""Bulk changes: one act asked for many rows, looked at before, told row by row after."""
