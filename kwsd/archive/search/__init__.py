"""Search: a query to ranked hits, by pairs of codes, DTW, TF-IDF or the HNSW graph with Smith-Waterman."""
