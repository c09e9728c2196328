# Measures with the programs for this node, and moves the result whole into the campaign; to be sourced by bash.

bundle_arch() {
  case $(uname -m) in
    armv7l | armv8l) echo armhf ;;
    *) uname -m ;;
  esac
}

unpack_programs() {
  local arch bundle
  arch=$(bundle_arch)
  bundle=$campaign/bundles/$arch.tar.gz
  if [ ! -e "$bundle" ]; then
    give_up refused "no bundle for $arch in this campaign, only for: $(cd "$campaign/bundles" && printf '%s\n' * | sed 's/\.tar\.gz$//' | xargs)"
  fi
  programs=$folder/programs
  # Read once, so that what was checked is what runs.
  if ! mkdir "$programs" || ! cp "$bundle" "$folder/bundle.tar.gz"; then give_up failed "$bundle cannot be copied to $folder"; fi
  if [ "$(sha256sum <"$folder/bundle.tar.gz")" != "${setting[sha256_$arch]:-}  -" ]; then
    give_up failed "$bundle is not what was submitted; make a new campaign"
  fi
  if ! patiently tar -xzf "$folder/bundle.tar.gz" -C "$programs" --strip-components=1; then
    give_up failed "$bundle cannot be unpacked in $folder"
  fi
  rm "$folder/bundle.tar.gz"
}

# What a boot starts is not over when the node is.
settle() {
  local up
  read -r up _ </proc/uptime
  up=${up%.*}
  if [ "$up" -lt "${setting[settle_s]}" ]; then patiently sleep $((setting[settle_s] - up)); fi
}

preflight() {
  local blocks status
  patiently "$programs/ipcmark" check >"$folder/check.txt" 2>&1
  status=$?
  cat "$folder/check.txt"
  if [ "$status" = 0 ]; then return; fi
  blocks=$(sed -n 's/^block *//p' "$folder/check.txt" | sed 's/; fix: .*//' | paste -s -d '|' | sed 's/|/; /g')
  if [ "$status" != 1 ] || [ -z "$blocks" ]; then
    give_up failed "ipcmark check ended with $status: $(last_words "$folder/check.txt")"
  fi
  if [ "${setting[allow_blocked]}" != yes ]; then give_up refused "$blocks"; fi
  add_note "allowed although: $blocks"
}

last_words() {
  local words
  words=$(tail -n 1 "$1")
  printf '%s' "${words:-it said nothing}"
}

measure() {
  local status
  # The run is named after the task, in the archive too.
  run=$folder/$task
  cd "$folder" || give_up failed "$folder is gone"
  patiently "$programs/ipcmark" run "${arguments[@]}" --out "$run" >"$folder/said.txt" 2>&1
  status=$?
  cat "$folder/said.txt"
  if ! grep -q '"status": *"complete"' "$run/run.json" 2>/dev/null || [ "$status" -gt 1 ]; then
    give_up failed "ipcmark run ended with $status: $(last_words "$folder/said.txt")"
  fi
  cases_failed=$(cat "$run"/*.json | grep -c '"error_occurred": *true')
  if [ "$cases_failed" != 0 ]; then add_note "$cases_failed failed cases"; fi
}

# There under its name is there whole, and whoever is second does not replace it.
deliver() {
  local archive=$folder/run.tar.gz words
  if ! patiently tar -C "$folder" -czf "$archive" "$task"; then give_up failed "the run cannot be packed in $folder"; fi
  staging=$campaign/results/.$task.$job.$restart
  if ! words=$(fill_staging "$archive" 2>&1); then give_up failed "the result cannot be written: $words"; fi
  if mv -T "$staging" "$campaign/results/$task" 2>/dev/null; then
    staging=
  elif [ -e "$campaign/results/$task" ]; then
    finish "another try was there first"
  else
    give_up failed "the result cannot be named $campaign/results/$task"
  fi
}

fill_staging() {
  local hash
  hash=$(sha256sum <"$1") || return
  mkdir -p "$staging" && cp "$1" "$staging/run.tar.gz" && write_facts "$hash" && sync "$staging"/* || return
  if [ "$(sha256sum <"$staging/run.tar.gz")" != "$hash" ]; then
    echo "$staging/run.tar.gz is not what was copied" >&2
    return 1
  fi
}

write_facts() {
  printf '%s\n' "sha256=${1%% *}" "node=$node" "host=${said[host]}" "kernel=${said[kernel]}" "arch=${said[arch]}" "job=$job" \
    "started=${said[started]}" "ended=$(date -u +%Y-%m-%dT%H:%M:%SZ)" "cases_failed=$cases_failed" "note=$(one_line "${said[note]}")" \
    >"$staging/facts"
}
