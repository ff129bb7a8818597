"""Checks: who looks at what, and when next. Facts are pushed down here; attention is pulled up."""
