"""NVIDIA NeMo: FastPitch and HiFi-GAN."""
