#!/bin/bash
# A lab in namespaces of its own: a bridge, on which the controller is, and hosts with an sshd each. All of it ends with
# this process. usage, in new mount, network and PID namespaces: lab.sh FOLDER HOST...; FOLDER holds keys and configuration
set -euo pipefail
folder=$1
shift
mount --make-rprivate /
mount -t proc proc /proc
mount -t tmpfs tmpfs /run
ip link set lo up
ip link add br0 type bridge
ip addr add 10.77.0.1/24 dev br0
ip link set br0 up
number=10
for host in "$@"; do
  number=$((number + 1))
  ip netns add "$host"
  ip link add "veth-$host" type veth peer name eth0 netns "$host"
  ip link set "veth-$host" master br0 up
  ip -n "$host" addr add "10.77.0.$number/24" dev eth0
  ip -n "$host" link set eth0 up
  ip -n "$host" link set lo up
  nsenter --net="/run/netns/$host" unshare --mount --uts --ipc --pid --fork --kill-child \
    "$(dirname "$0")/host.sh" "$folder" "$host" &
done
wait
