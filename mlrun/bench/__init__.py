"""The speed and memory of the environments: what `mlrun bench` measures.

Candidates to compare take turns in one process, so that other load on the machine slows all of them alike.
"""
