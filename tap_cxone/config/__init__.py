"""The settings: their definition, their checks, and how they are read.

It may import the leaf modules only, and knows no family: `families/registry.py` has the list.
"""
