"""Pictures, faces and films: in and out."""
