"""A standing fuzzer: what anyone may hand over, in thousands of odd forms, and what becomes of each.

``python -m tests.fuzz --cases 10000 --seed 1`` prints a table; ``tests/fuzz/test_fuzz.py`` tries 500 with every run of
the tests. Each case follows from its seed, kind and number alone: ``--only cards:17 --seed 1`` tries one again.
"""
