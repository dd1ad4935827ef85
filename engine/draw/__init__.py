"""Maps over pictures, and the scales of colour they are drawn on."""
