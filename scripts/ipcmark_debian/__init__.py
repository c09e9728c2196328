"""What scripts/kernels and scripts/bundle fetch from Debian: a private apt, and the folders that keep what was fetched."""
