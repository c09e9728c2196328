# Finds a Python for the reporting scripts and runs their package with it; to be sourced by bash.

# find_python MODULE...
# Prints the first Python 3.10 or newer that can import every MODULE. `python3` on PATH is asked
# first, so that an active environment wins; /usr/bin/python3 has the distribution's packages even
# where another python3 hides it. Without any: one line on stderr and status 2.
# IPCMARK_PYTHON, when set, is the only candidate.
find_python() {
  local candidate check="import sys; assert sys.version_info >= (3, 10)"
  local module
  for module in "$@"; do check+="; import ${module}"; done
  local candidates=(python3 /usr/bin/python3)
  if [[ -n "${IPCMARK_PYTHON:-}" ]]; then candidates=("$IPCMARK_PYTHON"); fi
  for candidate in "${candidates[@]}"; do
    # The current directory must not shadow a module.
    if PYTHONSAFEPATH=1 "$candidate" -c "$check" >/dev/null 2>&1; then
      printf '%s\n' "$candidate"
      return 0
    fi
  done
  local packages=("${@/#/python3-}")
  echo "${0##*/}: no Python 3.10+${*:+ with ${*}} among ${candidates[*]}; install it: apt-get install ${packages[*]:-python3}" >&2
  return 2
}

# run_reporting PACKAGE "MODULE..." [ARGUMENT...]
# Becomes the command of a package beside this file, with a Python that can import every MODULE.
run_reporting() {
  local here python modules
  here="$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")"
  read -ra modules <<<"$2"
  python="$(find_python "${modules[@]}")" || exit 2
  exec env PYTHONSAFEPATH=1 PYTHONPATH="$here${PYTHONPATH:+:$PYTHONPATH}" "$python" -m "$1" "${@:3}"
}
