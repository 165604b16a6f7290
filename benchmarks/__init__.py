"""Measurements, run by hand: `python -m benchmarks.NAME`, as `make bench` has them; figures are in docs/benchmarks.md.

Recordings come from `corpora` and `protocol`, the product under test is `product.Product`, tables are of `tables`.
"""
