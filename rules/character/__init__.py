"""CHR: serial and parallel ports, consoles, channels and smartcards."""
