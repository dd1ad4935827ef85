"""Measurements that need more than the engine: ``python -m benchmarks.NAME --help``."""
