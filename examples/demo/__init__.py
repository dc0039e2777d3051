"""A fleet in which four things go wrong, and what the queue says of them."""
