"""The catalog: what vendors sell, how much of it they have, and for whom it is held."""
