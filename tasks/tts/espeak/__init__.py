"""eSpeak NG, the embedded engine."""
