"""Results to `docs/papers.md`: its text, tables, claims, and pictures."""
