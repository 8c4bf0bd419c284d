"""Azure AI Speech."""
