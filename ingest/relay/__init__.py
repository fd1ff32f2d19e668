"""From the log to Kafka: what goes (`wire`), where to (`topics`), how far (`place`), and the `relay`."""
