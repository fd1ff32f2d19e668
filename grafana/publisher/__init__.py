"""Publishing to a Grafana by its HTTP API: what should be there, what differs, and the calls that bring it
about."""
