"""Measures what IPC costs on many kernels, each booted in QEMU with the static binaries of ipcmark."""
