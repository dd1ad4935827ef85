"""A network of others in hand: opened, looked through, explained, checked, saved; and where it can come from."""
