"""Chapter 04: cooling by a reprogrammed energy."""
