"""The planted-evidence benchmark: do maps lie where the evidence is known to be?"""
