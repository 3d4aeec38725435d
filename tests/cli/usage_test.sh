#!/usr/bin/env bash
# What is said of command lines that cannot be carried out: one error with a code, the word that was meant, as JSON for
# tools; and what `olmoc list` says of what may stand there.
# Usage: usage_test.sh OLMOC FIXTURES
set -euo pipefail

olmoc=$1
fixtures=$2
source "$(dirname "${BASH_SOURCE[0]}")/own_folder.sh"

# says STATUS TEXT ARGUMENTS...: what the program says on standard error has the text.
says() {
  local wanted=$1 text=$2 status=0
  shift 2
  "$olmoc" "$@" >out 2>err || status=$?
  ((status == wanted)) || fail "'$*' returned $status, not $wanted: $(cat out err)"
  grep -qF -- "$text" err || fail "'$*' does not say '$text': $(cat err)"
}
# usage TEXT ARGUMENTS...: wrong usage, with its code, and the same as JSON.
usage() {
  local text=$1
  shift
  says 2 "$text" "$@"
  grep -q '^error\[OM5050\]: ' err || fail "'$*' has no code: $(cat err)"
  says 2 '{"code":"OM5050","severity":"error",' "$@" --format json
  [[ $(wc -l <err) == 1 ]] || fail "'$*' says more than a line of JSON: $(cat err)"
}

usage 'did you mean `--dtype`?' run --from hf=x --to olmo_core=y --dytpe bf16
usage 'did you mean `--from`?' run --form hf=x --to olmo_core=y
usage 'did you mean `--round-trip`?' verify --from hf=x --roundtrip
usage 'did you mean `--max-shard-size`?' run --from hf=x --to a=y --max-shard-sise=5GB
usage 'did you mean `--quiet`?' --quite list
usage '`--to` is required' run --from hf=x
usage 'FILE is required' check
usage 'does not take a further argument `second`' invert first second
usage 'did you mean `run`?' rnu --from hf=x
usage 'no command is given'
usage 'not in range 1 to 256' run --from hf=x --to a=y --threads 0
usage 'take SIDE=PATH' run --from x --to a=y
usage 'such as `64MiB`' run --from hf=x --to a=y --memory much
usage '`--memory 100` is too little: it takes `1MiB` at least' run --from hf=x --to a=y --memory 100
usage 'it takes `3MiB` at least, for 3 threads' verify --from hf=x --to a=y --memory 3MB --threads 3
"$olmoc" run --help >out || fail "help is no success"
"$olmoc" --version --format json >out || fail "the version is no success"

# Sizes of either kind; what is little makes fewer threads.
source=$fixtures/llama/expected/olmo_core.safetensors
for size in 1MiB 8MB 8MiB 512M 1GiB 0.5g 1048576; do
  "$olmoc" run std:llama --from "olmo_core=$source" --to hf=made --dry-run --quiet --memory "$size" >out 2>err ||
    fail "--memory $size: $(cat err)"
done

# Names of mappings.
says 1 'did you mean `std:llama`?' check std:llamma
says 1 'did you mean the standard mapping `std:llama`?' check llama
says 1 'there is no standard mapping `nothing`' check std:nothing
if grep -q 'std:decoder' err; then fail "a base is offered to be run"; fi
printf 'omap 1\n\nuse std "nothing"\n' >uses.omap
says 1 'std:decoder' check uses.omap
"$olmoc" list >out
grep -q '^std:llama  *olmo_core <-> hf$' out || fail "list lacks sides"
grep -q '^std:meta_llama_ranks  *meta_ranks -> hf$' out || fail "list lacks a direction"
grep -q 'to extend, and not to run: std:decoder, std:hybrid_decoder$' out || fail "list lacks the bases"
"$olmoc" list meta >out
[[ $(grep -c '^std:' out) == 1 ]] || fail "a side's mappings are others: $(cat out)"
says 1 'did you mean `std:qwen3`?' list qwen33

# A key of any length: the lines of others stay short.
long=$(printf 'k%.0s' $(seq 5000))
header="{\"$long\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},\"x\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]}}"
# The header's size in 8 bytes, little-endian.
printf "\\x$(printf %x $((${#header} % 256)))\\x$(printf %x $((${#header} / 256)))\\0\\0\\0\\0\\0\\0" >long.safetensors
printf '%s12' "$header" >>long.safetensors
"$olmoc" inspect long.safetensors >out
grep -q '^x  U8' out || fail "inspect pads all lines to its longest key: $(grep '^x ' out | cut -c 1-200)"
