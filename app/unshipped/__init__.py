"""What never left: its vendor is told when that ends, and then the customer is paid back."""
