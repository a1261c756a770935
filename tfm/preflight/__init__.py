"""Preflight: all that a training would stumble over, told before it begins.

A list of independent checks (checks.py, checklist.py), one real step and one evaluation
batch in a scratch folder, and one page of what was found.
"""
