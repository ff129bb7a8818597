"""Background work: one process per queue; a job may die at any moment and nothing is lost."""
