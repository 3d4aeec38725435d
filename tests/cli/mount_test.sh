#!/usr/bin/env bash
# A run that replaces a checkpoint looks at mounts before it removes anything: names are given by rename, which does not
# cross them. Skipped, with exit status 77, where no file system can be mounted.
# Usage: mount_test.sh OLMOC FIXTURES
set -euo pipefail

source "$(dirname "${BASH_SOURCE[0]}")/own_mounts.sh"

olmoc=$1
source "$(dirname "${BASH_SOURCE[0]}")/made_state.sh"

work=$(mktemp -d)
trap 'umount "$work/out/model_and_optim" "$work/out" 2>/dev/null || true; rm -rf "$work"' EXIT
cat >"$work/rename.omap" <<MAPPING
omap 1

side old: safetensors
side new: dcp

mapping rename: old <-> new {
    index i in 0..$state_tensors
    x.{i} <-> y.{i}

    config {
        model <-> model
    }
}
MAPPING
mkdir "$work/state"
make_state "$work/state/model.safetensors" 300
echo '{"model": "first"}' >"$work/state/config.json"

run() {
  "$olmoc" --quiet run "$work/rename.omap" --from "old=$work/state" --to "new=$work/out" "$@"
}

# refuses WHAT: a run says that something is a mount, and all is as it was.
refuses() {
  local status=0
  run --force >"$work/log" 2>&1 || status=$?
  ((status == 1)) || { cat "$work/log" >&2; fail "$1: exit status $status, not 1"; }
  grep --quiet 'OM6007.*root of a file system of its own' "$work/log" || { cat "$work/log" >&2; fail "$1: not said"; }
  diff --recursive "$work/before" "$work/out" || fail "$1: something was changed"
  [[ ! -e $work/out.partial ]] || fail "$1: something is left"
}

run
[[ -e $work/out/model_and_optim/.metadata ]] || fail "no folder of weights"
cp -r "$work/out" "$work/before"

mount -t tmpfs none "$work/out/model_and_optim"
cp -r "$work/before/model_and_optim/." "$work/out/model_and_optim"
refuses "a file system in the place of a folder"
umount "$work/out/model_and_optim"

# Of the same device, and a mount all the same.
mount --bind "$work/before/model_and_optim" "$work/out/model_and_optim"
refuses "a folder that is mounted from elsewhere"
umount "$work/out/model_and_optim"

mount --bind "$work/before" "$work/out"
refuses "a directory that is mounted from elsewhere"
umount "$work/out"

run --force
diff --recursive "$work/before" "$work/out" || fail "a run without mounts: wrong bytes"
echo "mounts in the way were said before anything was removed"
