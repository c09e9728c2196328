"""Kernels booted in QEMU, where a guest's clock counts instructions."""
