"""One file for each kind of shop; a shelf."""
