#!/usr/bin/env bash
# A run that is killed at any moment leaves nothing under the final name, and the next run succeeds all the same.
# Usage: kill_test.sh OLMOC FIXTURES
set -euo pipefail
olmoc=$1
source "$(dirname "${BASH_SOURCE[0]}")/made_state.sh"

readonly tensor_bytes=$((32 << 20))
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
make_state "$work/state.safetensors" "$tensor_bytes"
make_mapping "$work/rename.omap"
out=$work/out
run=("$olmoc" run "$work/rename.omap" --from "old=$work/state.safetensors" --to "new=$out")

# kill_after SECONDS: starts a run and kills it that long after it has begun to write. Sets `interrupted` to whether it
# was still writing.
kill_after() {
  "${run[@]}" >"$work/log" 2>&1 &
  local pid=$!
  while kill -0 "$pid" 2>/dev/null && [[ ! -e $out.partial && ! -e $out ]]; do :; done
  sleep "$1"
  kill -KILL "$pid" 2>/dev/null || true
  local status=0
  # The shell's own word about the killed job is no part of the test's output.
  wait "$pid" 2>/dev/null || status=$?
  case $status in
    137) [[ -e $out ]] && interrupted=no || interrupted=yes ;;
    0) interrupted=no ;;
    *) cat "$work/log" >&2; fail "a run that was to be killed exited with $status" ;;
  esac
}

interruptions=0
for moment in 0 0.01 0.02 0.04 0.08 0.12 0.16 0.2 0.3; do
  kill_after "$moment"
  if [[ $interrupted == yes ]]; then
    interruptions=$((interruptions + 1))
    leftovers=$(find "$work" -mindepth 1 -maxdepth 1 ! -name state.safetensors ! -name rename.omap ! -name log \
      ! -name out.partial)
    [[ -z $leftovers ]] || fail "killed after $moment s, the run left: $leftovers"
    "${run[@]}" >"$work/log" 2>&1 || { cat "$work/log" >&2; fail "the run after one killed after $moment s failed"; }
  fi
  same_data "$work/state.safetensors" "$out" "$tensor_bytes" || fail "the data is wrong after a kill at $moment s"
  [[ ! -e $out.partial ]] || fail "$out.partial is still there"
  rm -rf "$out"
done

((interruptions > 0)) || fail "no run was slow enough to be killed while it was writing"
echo "killed $interruptions runs while they were writing; each time the next run put it right"
