"""One file for each kind of record that files hold; a shelf."""
