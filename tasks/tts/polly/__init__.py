"""Amazon Polly."""
