"""10,012 real restaurant deliveries."""
