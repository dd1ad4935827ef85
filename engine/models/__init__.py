"""Attention models: gates, taps, architectures, checkpoints."""
