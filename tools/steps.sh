# Sourced by the scripts of this folder: names each step, keeps its output in a log, shows its time.
# On a terminal the step's latest line of output is shown while it runs; elsewhere only start and end are.
#   step "Building" build/logs/build.log ninja -C build/release      fails the script, naming the log, when the command fails

steps_begin=$SECONDS

say() { printf '%s\n' "$*"; }

fail() {
  printf '%s: error: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# The latest line of the log, cut to the terminal's width, until the process ends.
watch_log() {
  local process=$1 title=$2 log=$3 line
  while kill -0 "$process" 2>/dev/null; do
    line=$(tail -c 400 "$log" 2>/dev/null | tr '\r' '\n' | tail -n 1)
    printf '\r\033[K  %s: %.*s' "$title" $(($(tput cols 2>/dev/null || echo 80) - ${#title} - 6)) "$line"
    sleep 0.5
  done
  printf '\r\033[K'
}

step() {
  local title=$1 log=$2 began=$SECONDS status=0
  shift 2
  mkdir -p "$(dirname "$log")"
  [ -t 1 ] || printf '  %s ...\n' "$title"
  # In the background, also without a terminal: behind `||` a function would run with `set -e` off.
  "$@" >"$log" 2>&1 </dev/null &
  [ ! -t 1 ] || watch_log $! "$title" "$log"
  wait $! || status=$?
  if [ $status -ne 0 ]; then
    tail -n 40 "$log" >&2
    fail "$title failed (exit $status); the whole log is $log"
  fi
  printf '  %s: done (%d s)\n' "$title" $((SECONDS - began))
}
