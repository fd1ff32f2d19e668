"""Every number of docs/benchmarks.md, measured beside its physical limit in the same run."""
