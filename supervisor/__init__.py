"""Runs the whole platform on one machine: every part in order, watched and restarted."""
