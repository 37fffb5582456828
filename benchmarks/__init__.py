"""Repeatable measurements against peers; each prints ratios from one run."""
