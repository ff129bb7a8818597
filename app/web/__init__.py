"""What every face shares: errors, health, headers, paging, words."""
