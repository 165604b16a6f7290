"""Parallel work: worker processes of this machine, and the workers of a Ray cluster."""
