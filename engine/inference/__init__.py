"""From any picture to predictions."""
