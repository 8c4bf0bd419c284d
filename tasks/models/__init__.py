"""Models in memory: how much they may take, and which of them makes room for another."""
