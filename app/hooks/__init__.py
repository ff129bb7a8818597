"""What other programs push to us, signed: for now the orders of shops."""
