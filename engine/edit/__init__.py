"""What if: parts of a face covered, changed or swapped, and what the model answers then."""
