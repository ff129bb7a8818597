"""What every feature may use: time, chance, money, errors, units of work."""
