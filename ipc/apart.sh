#!/bin/sh
# Runs a test with System V objects, message queues and a /dev/shm of its own, so that no other beside it sees
# what it leaves for a moment. Where that is not allowed it runs among the others.
if unshare --ipc --mount true 2>/dev/null; then
  exec unshare --ipc --mount sh -c '
    mount -t tmpfs -o mode=1777 shm /dev/shm
    ! mountpoint -q /dev/mqueue || mount -t mqueue mqueue /dev/mqueue
    exec "$@"' sh "$@"
fi
exec "$@"
