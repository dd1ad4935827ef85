"""From any picture to predictions and explanations of its faces."""
