#!/usr/bin/env bash
# A slurmctld with two slurmd and a munged, in namespaces that go with this process; usage: cluster.sh FOLDER
set -euo pipefail
folder=$1
host=ipcmark-slurm
address=10.99.0.1

hostname "$host"
ip link set lo up
# Names are not looked up where there is nothing but 127.0.0.1.
ip address add "$address/32" dev lo
printf '%s\n' '127.0.0.1 localhost' "$address $host" >"$folder/hosts"
mount --bind "$folder/hosts" /etc/hosts
mount -t tmpfs tmpfs /dev/shm
mkdir -p "$folder"/{munge,state,spool-n1,spool-n2,local/n1,local/n2}
chmod 700 "$folder/munge"

head -c 1024 /dev/urandom >"$folder/munge/key"
chmod 400 "$folder/munge/key"
munged --force --num-threads=1 --socket="$folder/munge/socket" --key-file="$folder/munge/key" --pid-file="$folder/munge/pid" \
  --log-file="$folder/munge/log" --seed-file="$folder/munge/seed"

# Each node has a disk of its own.
printf '%s\n' '#!/bin/sh' "echo \"export TMPDIR=$folder/local/\$SLURMD_NODENAME\"" >"$folder/prolog"
chmod +x "$folder/prolog"
cat >"$SLURM_CONF" <<END
ClusterName=test
SlurmctldHost=$host($address)
SlurmctldPort=7001
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$folder/munge/socket
CredType=cred/munge
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool-%n
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/%n.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
TaskProlog=$folder/prolog
JobAcctGatherType=jobacct_gather/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=1,sched_min_interval=0,batch_sched_delay=0,bf_interval=1
ReturnToService=1
SlurmdTimeout=300
KillWait=15
NodeName=n1 NodeHostname=$host NodeAddr=$address Port=7011 CPUs=$(nproc) Feature=old
NodeName=n2 NodeHostname=$host NodeAddr=$address Port=7012 CPUs=$(nproc) Feature=new
PartitionName=all Nodes=n1,n2 Default=YES State=UP MaxTime=INFINITE
END
slurmctld -c
slurmd -N n1 -c
slurmd -N n2 -c
touch "$folder/up"
# As the first process of these namespaces it reaps what others leave, which `wait` does.
sleep infinity &
wait
