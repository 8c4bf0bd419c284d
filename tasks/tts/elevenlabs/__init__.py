"""ElevenLabs: speech, and voices that are cloned."""
