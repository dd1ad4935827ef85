"""Gates and explanations as records and pictures."""
