"""Checks of the labs' exercises, one module a lab. A check says what is wrong, not only that something is.

A check has the name of its exercise's function and takes that function:

    from utils.checks import superposition as checks
    checks.polygon_dimensionality(polygon_dimensionality)
"""
