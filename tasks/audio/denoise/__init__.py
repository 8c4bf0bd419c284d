"""Noise reduction: engines that take noise out of speech, and the judgement of where to leave sound alone."""
