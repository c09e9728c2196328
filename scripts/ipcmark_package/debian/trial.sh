#!/bin/sh
# Installs the packages that lie beside it, uses them as an ordinary user would, and removes them again.
# It runs in a Debian that is thrown away: scripts/package --try.
set -eu
export DEBIAN_FRONTEND=noninteractive
cd /packages

say() {
  echo "trial: $*"
}
as_user() {
  runuser --login user --command "set -eu; $1"
}

useradd --create-home user
apt-get install --yes --no-install-recommends ./ipcmark_*.deb
say "ipcmark is installed, with $(dpkg-query -W | wc -l) packages in all"
as_user 'ipcmark check || [ $? -eq 1 ]'
as_user 'ipcmark list >list'
say "ipcmark list names $(grep -c / /home/user/list) cases"
as_user 'ipcmark run --preset quick --filter "^(latency/pipe/pipe|fork_cost/process/posix_spawn)/" --rounds 2 --out mine'
say "ipcmark run wrote $(ls /home/user/mine | wc -l) files"
ls /home/user/mine/*.json >/dev/null

apt-get install --yes --no-install-recommends ./ipcmark-report_*.deb
find /usr/share/ipcmark -name '*.pyc' | grep -q .
as_user 'ipcmark-report mine --out mine.html; ipcmark-compare mine mine; ipcmark-export mine --to csv --out mine.csv
  ipcmark-history add mine; ipcmark-history list; ipcmark-kernels --help; ipcmark-publish --folder . 2026-01-01-trial mine'
grep -q '</html>' /home/user/mine.html
say "ipcmark-report wrote a page of $(wc -c </home/user/mine.html) bytes"

apt-get install --yes --no-install-recommends ./libipcmark-dev_*.deb cmake g++ make
as_user 'cmake -S /packages/consumer -B consumer; cmake --build consumer; consumer/consumer'
say "a program was built with libipcmark-dev, and ran"

apt-get purge --yes ipcmark ipcmark-report libipcmark-dev
rest=$(find / -xdev \( -path /packages -o -path /home/user -o -path /proc -o -path /sys \) -prune -o -name '*ipcmark*' -print)
[ -z "$rest" ] || { say "left: $rest"; exit 1; }
rest=$(dpkg-query -W '*ipcmark*' 2>/dev/null || true)
[ -z "$rest" ] || { say "still known: $rest"; exit 1; }
find /dev/shm /dev/mqueue -name '*ipcmark*' 2>/dev/null | grep . && { say "objects are left"; exit 1; }
say "all was removed"
