"""The shared package of Alignment by Experiment: what an earlier lab derived, and the plumbing.

Flat: one idea a file. Importing it seeds nothing, downloads nothing and selects no device.
"""
