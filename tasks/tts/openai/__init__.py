"""OpenAI's Realtime voices."""
