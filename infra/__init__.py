"""On what hladvarp runs: rented GPUs, images, clusters."""
