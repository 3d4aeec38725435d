#!/usr/bin/env bash
# Every system call of a run that can fail is made to fail, once. Then the run succeeds all the same, with the right
# bytes, or says one error, leaves nothing under a final name that is not whole, and leaves the source as it is.
# Skipped, with exit status 77, where nothing can be traced.
# Usage: fault_test.sh OLMOC FIXTURES
set -euo pipefail
olmoc=$1
source "$(dirname "${BASH_SOURCE[0]}")/made_state.sh"
source "$(dirname "${BASH_SOURCE[0]}")/tracing.sh"

readonly tensor_bytes=3000
# Of each kind of call as many are made to fail, spread over all of a run.
readonly at_most=8
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
make_state "$work/state.safetensors" "$tensor_bytes"
make_mapping "$work/rename.omap"
cp "$work/state.safetensors" "$work/pristine"
out=$work/out
# Three files and an index; one thread, so that calls come in one order.
run=("$olmoc" run "$work/rename.omap" --from "old=$work/state.safetensors" --to "new=$out" --max-shard-size 10KB
  --threads 1)

# What each kind of call can meet. `0` is no error: the call says that it moved nothing.
faults=(
  openat:EACCES openat:EMFILE read:EIO pread64:EIO pread64:EINTR pread64:0 pwrite64:ENOSPC pwrite64:EINTR pwrite64:0
  write:ENOSPC fstat:EIO newfstatat:EIO statfs:EIO getdents64:EIO mkdir:ENOSPC mkdir:EACCES flock:EINTR flock:ENOLCK
  ftruncate:ENOSPC ftruncate:EIO fsync:EIO fsync:ENOSPC fdatasync:EIO sync_file_range:EIO rename:EACCES rename:EIO renameat2:EIO
  renameat2:EINVAL unlink:EACCES unlink:EIO rmdir:EBUSY
)
kinds=$(printf '%s\n' "${faults[@]%%:*}" | sort -u | paste -sd,)

# calls LOG KIND: the numbers of those calls that the program makes itself, behind what the loader does: from the first
# call on that names a file of the test.
calls() {
  awk -v kind="$2" -v mark="$work/" '
    { own = own || index($0, mark) }
    match($0, /^[0-9]+ +/) { call = substr($0, RLENGTH + 1); if (index(call, kind "(") == 1) { ++n; if (own) print n } }
  ' "$1"
}

# spread COUNT NUMBER...: at most COUNT of them, the first and the last among them.
spread() {
  local count=$1 i
  shift
  if (($# <= count)); then
    printf '%s\n' "$@"
  else
    for ((i = 0; i < count; ++i)); do
      local place=$((1 + i * ($# - 1) / (count - 1)))
      echo "${!place}"
    done
  fi
}

# whole BEFORE: what has the final name is the result, or what was there before. Files that are there are replaced one by
# one: between these nothing opens.
whole() {
  diff --recursive "$work/wanted" "$out" >/dev/null && return
  [[ -n $1 ]] || return
  diff --recursive "$1" "$out" >/dev/null || "$olmoc" --quiet diff "$1" "$out" >/dev/null 2>&1 ||
    "$olmoc" --quiet diff "$work/wanted" "$out" >/dev/null 2>&1 || ! "$olmoc" inspect "$out" >/dev/null 2>&1
}

# check WHAT BEFORE ARGUMENT...: after a run with a fault, with its status in `status`. BEFORE is what stood under the
# final name before the run, or nothing; the arguments are those of the run.
check() {
  local what=$1 before=$2
  shift 2
  cmp --silent "$work/pristine" "$work/state.safetensors" || fail "$what: the source was changed"
  if ((status == 0)); then
    diff --recursive "$work/wanted" "$out" >"$work/diff" || fail "$what: success, and wrong bytes"
    # Where it cannot be removed at the end, nothing but a journal is in it.
    [[ -z $(find "$out.partial" -type f ! -name .omap-journal 2>/dev/null) ]] ||
      fail "$what: success, and $out.partial is there"
    return
  fi
  local errors
  errors=$(grep --count '^error\[OM' "$work/log" || true)
  if ((status > 3 || errors != 1)); then
    cat "$work/log" >&2
    fail "$what: exit status $status and $errors errors"
  fi
  failed=$((failed + 1))
  if [[ -e $out ]] && ! whole "$before"; then
    ls -lR "$out" "$out.partial" >&2 || true
    fail "$what: half a result has its final name"
  fi
  if [[ -e $out.partial ]]; then
    kept=$((kept + 1))
    "${run[@]}" "$@" --force --resume >"$work/log" 2>&1 || { cat "$work/log" >&2; fail "$what: no run after it"; }
    diff --recursive "$work/wanted" "$out" >"$work/diff" || fail "$what: wrong bytes of the run after it"
  fi
}

# with_faults BEFORE ARGUMENT...: runs with each fault in turn, where BEFORE stood before.
with_faults() {
  local before=$1 fault kind result number what
  shift
  prepare "$before"
  strace -qq -f -o "$work/calls" -e "trace=$kinds" "${run[@]}" "$@" >"$work/log" 2>&1 || {
    cat "$work/log" >&2
    fail "a run without faults failed"
  }
  [[ -e $work/wanted ]] || cp -r "$out" "$work/wanted"
  for fault in "${faults[@]}"; do
    kind=${fault%%:*} result=${fault#*:}
    [[ $result == 0 ]] && result=retval=0 || result=error=$result
    # shellcheck disable=SC2046
    for number in $(spread "$at_most" $(calls "$work/calls" "$kind")); do
      prepare "$before"
      status=0
      strace -qq -f -o /dev/null -e "trace=$kind" -e "inject=$kind:$result:when=$number" "${run[@]}" "$@" \
        >"$work/log" 2>&1 || status=$?
      injected=$((injected + 1))
      check "$kind $number, $result, over '$before'" "$before" "$@"
    done
  done
}

# prepare BEFORE
prepare() {
  rm -rf "$out" "$out.partial"
  [[ -z $1 ]] || cp -r "$1" "$out"
}

injected=0 failed=0 kept=0
with_faults ""
# Something else in the same names: other shards, and a file that is none of a checkpoint's.
mkdir "$work/before"
make_state "$work/other.safetensors" 1000
"$olmoc" --quiet run "$work/rename.omap" --from "old=$work/other.safetensors" --to "new=$work/old" --max-shard-size 2KB
cp "$work/old"/* "$work/before"
with_faults "$work/before" --force

((failed > 50 && kept > 0)) || fail "only $failed of $injected faults were noticed, and $kept left something"
echo "$injected calls failed: $failed runs said so, of which $kept left something for the next run"
