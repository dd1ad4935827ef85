"""How well a model does on a split, on spoiled pictures, and on people left out."""
