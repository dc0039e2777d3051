"""Whether all is well: checks of what is seen against thresholds, and what they find."""
