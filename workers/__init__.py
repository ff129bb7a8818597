"""Background work: one process per queue, each job a child that may die at any moment."""
