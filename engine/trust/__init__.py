"""Whether a gate is used and a map faithful: the figures beside each map."""
