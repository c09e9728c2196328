#!/bin/busybox sh
# shellcheck shell=dash
# The guest's first process: mounts what ipcmark looks at, lets the kernel settle, measures, sends the run, ends.
# Says how far it came in lines that start with @@ipcmark.
/bin/busybox mkdir -p /dev /proc /sys /tmp
/bin/busybox mount -t devtmpfs devtmpfs /dev
exec </dev/console >/dev/console 2>&1
/bin/busybox --install -s /bin
export PATH=/bin
echo "@@ipcmark started"
if [ "$IPCMARK_PROBE" = 1 ]; then poweroff -f; fi

mkdir -p /dev/shm /dev/mqueue
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs tmpfs /tmp
mount -t mqueue mqueue /dev/mqueue
hostname ipcmark
ip link set lo up
ulimit -c 0

# Threads of the kernel that are still at work after the boot would be counted with the case they preempt.
sleep "$IPCMARK_SETTLE"
echo "@@ipcmark settled"
eval "set -- $(cat /ipcmark/arguments)"
# To the console only when it is over: what is written there is executed beside the cases.
env -i PATH=/bin /ipcmark/ipcmark run "$@" --seed "$IPCMARK_SEED" --out /tmp/run >/tmp/log 2>&1
status=$?
tail -n 20 /tmp/log
echo "@@ipcmark status $status"

if [ -d /tmp/run ] && tar -C /tmp -czf /tmp/run.tar.gz run; then
  echo "@@ipcmark sha256 $(sha256sum </tmp/run.tar.gz | cut -d ' ' -f 1)"
  if [ "$IPCMARK_RESULT" = console ]; then
    echo "@@ipcmark archive"
    base64 /tmp/run.tar.gz
    echo "@@ipcmark end"
  else
    stty -F "$IPCMARK_RESULT" raw -echo
    # Closing a terminal waits until all is out.
    cat /tmp/run.tar.gz >"$IPCMARK_RESULT"
  fi
fi
poweroff -f
