"""Statistics of answers and maps: numbers in, numbers out, no torch."""
