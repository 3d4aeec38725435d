#!/usr/bin/env bash
# A run that replaces a checkpoint with a config is killed, or fails, at each call that changes a name. Then the directory
# is as it was, or has no `config.json` or no index, or is the whole result: new weights never stand beside the old
# config. The run after it makes the result of it.
# Skipped, with exit status 77, where nothing can be traced.
# Usage: replace_test.sh OLMOC FIXTURES
set -euo pipefail
olmoc=$1
source "$(dirname "${BASH_SOURCE[0]}")/made_state.sh"
source "$(dirname "${BASH_SOURCE[0]}")/tracing.sh"

# What gives and takes names.
readonly kinds=(rename renameat2 unlink rmdir)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
out=$work/out

# What tells two models apart is in both of their files.
cat >"$work/rename.omap" <<MAPPING
omap 1

side old: safetensors
side new: safetensors

mapping rename: old <-> new {
    index i in 0..$state_tensors
    x.{i} <-> y.{i}

    config {
        model <-> model
    }
    config "generation_config.json" {
        model <-> model
    }
}
MAPPING
for model in first second; do
  mkdir "$work/$model"
  make_state "$work/$model/model.safetensors" 300
  for config in config generation_config; do echo "{\"model\": \"$model\"}" >"$work/$model/$config.json"; done
done

run=("$olmoc" --quiet run "$work/rename.omap" --from "old=$work/second" --to "new=$out" --threads 1 --force)

# convert MODEL DIRECTORY ARGUMENT...
convert() {
  "$olmoc" --quiet run "$work/rename.omap" --from "old=$work/$1" --to "new=$2" --threads 1 "${@:3}"
}

# all_of DIRECTORY: every file of the destination is that of DIRECTORY.
all_of() {
  ! diff --recursive "$1" "$out" | grep --invert-match --quiet "^Only in $1"
}

# incomplete: `config.json` is not there, or the index of the format; with a config, all files are of its model.
incomplete() {
  local index
  [[ -e $out/config.json ]] || return 0
  index=$(cd "$work/wanted" && find . -name '*.index.json' -o -name .metadata)
  [[ -n $index && ! -e $out/$index ]] && { all_of "$work/before" || all_of "$work/wanted"; }
}

# replace_with_faults ARGUMENT...: the first model by the second, both written with the arguments.
replace_with_faults() {
  local kind count number fault status
  rm -rf "$work/before" "$work/wanted" "$out" "$out.partial"
  convert first "$work/before" "$@" 2>/dev/null
  convert second "$work/wanted" "$@" 2>/dev/null
  cp -r "$work/before" "$out"
  strace -qq -f -o "$work/calls" -e "trace=$(IFS=,; echo "${kinds[*]}")" "${run[@]}" "$@" 2>/dev/null
  diff --recursive "$work/wanted" "$out" || fail "a run without faults, $*: wrong bytes"
  for kind in "${kinds[@]}"; do
    count=$(grep --count " $kind(" "$work/calls" || true)
    for ((number = 1; number <= count; ++number)); do
      for fault in signal=KILL error=EIO; do
        rm -rf "$out" "$out.partial"
        cp -r "$work/before" "$out"
        status=0
        # The shell's own word about a killed program is no part of the test's output.
        {
          strace -qq -f -o /dev/null -e "trace=$kind" -e "inject=$kind:$fault:when=$number" "${run[@]}" "$@" \
            >"$work/log" 2>&1 || status=$?
        } 2>/dev/null
        faults=$((faults + 1))
        if diff --recursive "$work/before" "$out" >/dev/null; then
          before=$((before + 1))
        elif diff --recursive "$work/wanted" "$out" >/dev/null; then
          after=$((after + 1))
        elif incomplete; then
          between=$((between + 1))
        else
          ls -lR "$out" >&2
          fail "$kind $number, $fault, $*: half old and half new, and nothing tells (exit status $status)"
        fi
        convert second "$out" --force --resume "$@" >"$work/log" 2>&1 ||
          { cat "$work/log" >&2; fail "$kind $number, $fault, $*: no run after it"; }
        diff --recursive "$work/wanted" "$out" || fail "$kind $number, $fault, $*: wrong bytes of the run after it"
        [[ ! -e $out.partial ]] || fail "$kind $number, $fault, $*: $out.partial is still there"
      done
    done
  done
}

faults=0 before=0 between=0 after=0
replace_with_faults
replace_with_faults --max-shard-size 700
replace_with_faults --to-format torch
replace_with_faults --to-format dcp

((before > 0 && between > 0 && after > 0)) || fail "the faults did not meet every state: $before, $between, $after"
echo "$faults faults while names were changed: as before $before times, visibly incomplete $between times, the whole" \
  "result $after times"
