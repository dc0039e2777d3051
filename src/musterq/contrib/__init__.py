"""What joins a queue to other packages; each needs an extra of its own."""
