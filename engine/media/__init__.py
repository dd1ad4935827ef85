"""Pictures, faces and films: in and out, and what a picture may cost."""
