"""Measurements, run by hand: `python -m benchmarks.detection`, `.speed`, `.latency`, `.kernels`."""
