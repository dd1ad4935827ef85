"""What is written: by one run at a time, and complete or absent."""
