"""What runs inside: the static binaries, the script that starts them, and what it says on the console."""
