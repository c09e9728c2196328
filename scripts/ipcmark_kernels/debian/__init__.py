"""What Debian offers: the archive asked through a private apt, and a cache of kernels."""
