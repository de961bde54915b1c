"""Operating system processes: free ports, starting, watching, stopping. Knows nothing of brokers."""
