#!/usr/bin/env bash
# A run that is killed at any moment leaves nothing under the final name, or the whole result; what it leaves beside it,
# the next run goes on with (--resume) or replaces, and makes the right bytes of.
# Usage: kill_test.sh OLMOC FIXTURES
set -euo pipefail
olmoc=$1
source "$(dirname "${BASH_SOURCE[0]}")/made_state.sh"

readonly tensor_bytes=$((2 << 20)) moments=100
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
make_state "$work/state.safetensors" "$tensor_bytes"
make_mapping "$work/rename.omap"
out=$work/out
# Eight files of one tensor each.
run=("$olmoc" run "$work/rename.omap" --from "old=$work/state.safetensors" --max-shard-size 2MB)
sum=$(cksum <"$work/state.safetensors")

now() { date +%s%N; }

# succeeds WHAT COMMAND...: it does, or the test ends with what it said.
succeeds() {
  "${@:2}" >"$work/log" 2>&1 || { cat "$work/log" >&2; fail "$1"; }
}

begin=$(now)
succeeds "a run that nobody kills" "${run[@]}" --to "new=$work/wanted"
whole=$(($(now) - begin))

RANDOM=1
nothing=0 left=0 complete=0 resumed=0
for ((i = 0; i < moments; ++i)); do
  signal=$(printf 'KILL\nTERM\nINT\n' | sed -n "$((i % 3 + 1))p")
  nanoseconds=$((whole * (RANDOM % 1000) / 900))
  moment=$(printf '%d.%09d' $((nanoseconds / 1000000000)) $((nanoseconds % 1000000000)))
  # The shell's own word about a killed program is no part of the test's output.
  { timeout --signal "$signal" "$moment" "${run[@]}" --to "new=$out" >"$work/log" 2>&1 || true; } 2>/dev/null
  # `timeout` does not outlive a SIGKILL that it sends; the program may still be in its last system call, with its lock.
  if [[ -d $out.partial ]]; then flock "$out.partial" true; fi
  if [[ -e $out ]]; then
    complete=$((complete + 1))
    # Killed at its very end: the directory of a run that has nothing left to do.
    if [[ -e $out.partial ]]; then
      found=$(ls -A "$out.partial")
      [[ -z $found || $found == .omap-journal ]] || fail "more than a journal in $out.partial: $found"
      rm -r "$out.partial"
    fi
  elif [[ -e $out.partial ]]; then
    left=$((left + 1))
    # What was left serves the next run, and does not hurt one that does not look at it.
    again=("${run[@]}" --to "new=$out")
    ((i % 4)) && again+=(--resume)
    succeeds "the run after SIG$signal at $moment s" "${again[@]}"
    if grep --quiet 'are finished' "$work/log"; then resumed=$((resumed + 1)); fi
  else
    nothing=$((nothing + 1))
    succeeds "a run with nothing to resume" "${run[@]}" --to "new=$out" --resume
  fi
  diff --recursive "$work/wanted" "$out" >/dev/null || fail "wrong bytes after SIG$signal at $moment s"
  [[ ! -e $out.partial ]] || fail "$out.partial is still there after SIG$signal at $moment s"
  rm -rf "$out"
done

[[ $(cksum <"$work/state.safetensors") == "$sum" ]] || fail "the source was changed"
((left > 0)) || fail "no run was slow enough to be killed while it was writing"
((resumed > 0)) || fail "no run went on with files that another one had finished"
echo "killed at $moments moments: nothing $nothing times, the whole result $complete times, something to go on with" \
  "$left times, finished files among it $resumed times"
