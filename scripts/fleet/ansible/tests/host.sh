#!/bin/bash
# One host of the lab, as the first process of its PID namespace. usage: host.sh FOLDER HOST
set -euo pipefail
folder=$1 host=$2
hostname "$host"
mount --make-rprivate /
mount -t proc proc /proc
mount -t tmpfs -o size=64m tmpfs /dev/shm
mount -t tmpfs tmpfs /run
mkdir /run/sshd /run/lock /run/lab
# The folder may be below one that is hidden now.
mount --bind "$folder" /run/lab
folder=/run/lab
for place in /root /tmp /var/tmp; do mount -t tmpfs -o size=64m tmpfs "$place"; done
# An account that is locked on this machine is not on the host.
mount --bind "$folder/shadow" /etc/shadow
# What would boot another kernel is played (stand_ins).
cat /proc/sys/kernel/random/boot_id >"$folder/$host.boot_id"
mount --bind "$folder/$host.boot_id" /proc/sys/kernel/random/boot_id
for place in /sbin /bin /usr/sbin /usr/bin; do
  [ ! -e "$place/shutdown" ] || mount --bind "$folder/stand_ins/shutdown" "$(readlink -f "$place/shutdown")"
done
mount -t tmpfs tmpfs /usr/local/sbin
cp "$folder/stand_ins/shutdown" /usr/local/sbin
# A kernel whose results nobody should believe.
if [ -e "$folder/$host.config" ]; then
  if [ -e /proc/config.gz ]; then
    gzip "$folder/$host.config"
    mount --bind "$folder/$host.config.gz" /proc/config.gz
  else
    mount -t tmpfs tmpfs /boot
    cp "$folder/$host.config" "/boot/config-$(/usr/bin/uname -r)"
  fi
fi
while :; do
  /usr/sbin/sshd -D -f "$folder/sshd_config" -E "$folder/$host.sshd.log" 2>/dev/null || true
  sleep 0.2 || true
done
