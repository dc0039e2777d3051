"""The queue as a program sees it: handlers, producers, claims, and running one task."""
