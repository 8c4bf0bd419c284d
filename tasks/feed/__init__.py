"""What listeners meet: the feed, the page, and the folder that they lie in."""
