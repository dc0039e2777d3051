"""``musterq top``: what is read (model), how it looks (frame and below), and the terminal that shows it (dashboard)."""
