"""What all vendors' engines share: asking over HTTP, refusals, and the sound that comes back."""
