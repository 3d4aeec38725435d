#!/usr/bin/env bash
# On a full file system a run fails with OM6010 and exit status 3, leaves nothing, and succeeds where there is room.
# Skipped, with exit status 77, where no file system can be mounted.
# Usage: full_disk_test.sh OLMOC FIXTURES
set -euo pipefail

source "$(dirname "${BASH_SOURCE[0]}")/own_mounts.sh"

olmoc=$1
source "$(dirname "${BASH_SOURCE[0]}")/made_state.sh"

readonly tensor_bytes=$((4 << 20))
work=$(mktemp -d)
trap 'umount "$work/small" "$work/few" 2>/dev/null || true; rm -rf "$work"' EXIT
make_state "$work/state.safetensors" "$tensor_bytes"
make_mapping "$work/rename.omap"

run() {
  "$olmoc" run "$work/rename.omap" --from "old=$work/state.safetensors" --to "new=$1"
}

# fails_for_space DIRECTORY: a run to DIRECTORY/out says that there is no space, and leaves DIRECTORY empty.
fails_for_space() {
  local status=0 left
  run "$1/out" >"$work/log" 2>&1 || status=$?
  ((status == 3)) || { cat "$work/log" >&2; fail "exit status $status, not 3, for $1"; }
  grep --quiet OM6010 "$work/log" || { cat "$work/log" >&2; fail "no OM6010 for $1"; }
  left=$(find "$1" -mindepth 1)
  [[ -z $left ]] || fail "left behind: $left"
}

mkdir "$work/small" "$work/few"
# Seen beforehand: less room than the tensors need.
mount -t tmpfs -o size=16m none "$work/small"
fails_for_space "$work/small"
# Met while writing: room enough, but after the mount point itself the file system takes only one more file or directory.
mount -t tmpfs -o size=64m,nr_inodes=2 none "$work/few"
fails_for_space "$work/few"

mount -o remount,size=64m "$work/small"
run "$work/small/out" >"$work/log" 2>&1 || { cat "$work/log" >&2; fail "a run with enough room failed"; }
same_data "$work/state.safetensors" "$work/small/out" "$tensor_bytes" || fail "the data is wrong"
echo "both runs without room said so and left nothing; the one with room succeeded"
