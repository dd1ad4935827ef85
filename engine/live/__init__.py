"""A stream of frames: faces found, followed, read and drawn."""
