#!/usr/bin/env bash
# `olmoc new` makes drafts that compile, of every checkpoint that peers made; and each binds to its checkpoint, so that no
# tensor is left out, or says in a comment what is not done.
# Usage: draft_test.sh OLMOC FIXTURES
set -euo pipefail

olmoc=$1
fixtures=$2
source "$(dirname "${BASH_SOURCE[0]}")/own_folder.sh"

bound=0
undone=0
# draft CHECKPOINT OTHER OPTIONS...: a draft for the side `hf` of a checkpoint; OTHER is its other side.
draft() {
  local checkpoint=$1 other=$2
  shift 2
  "$olmoc" new --from "hf=$checkpoint" "$@" >draft.omap 2>err || fail "new --from $checkpoint $*: $(cat err)"
  "$olmoc" check draft.omap >out 2>&1 || fail "the draft of $checkpoint $* does not compile: $(cat out)"
  if "$olmoc" run draft.omap --from "hf=$checkpoint" --to "$other=made" --dry-run >out 2>err; then
    grep -q 'Not done yet' draft.omap && fail "the draft of $checkpoint $* binds, and says that it is not done"
    bound=$((bound + 1))
  else
    # What the first error says stands in the draft.
    said=$(sed -n 's/^error\[OM[0-9]*\]: //p' err | head -n 1)
    grep -qF -- "//     $said" draft.omap || fail "the draft of $checkpoint $* does not say: $said"
    undone=$((undone + 1))
  fi
}

for checkpoint in "$fixtures"/*/expected/*.safetensors "$fixtures"/transformers/*/*.safetensors \
  "$fixtures"/formats/safetensors/sharded "$fixtures"/formats/torch_save/mixed.pt; do
  draft "$checkpoint" other
done
((undone == 0)) || fail "$undone drafts of one checkpoint do not bind to it"
for checkpoint in "$fixtures"/*/expected/hf.safetensors; do
  draft "$checkpoint" olmo_core --like std:llama
done
((undone > 0)) || fail "no draft has anything left to do: this test shows nothing"

# What a mapping requires, a draft like it requires too: a checkpoint that it refuses, the draft refuses, until the
# user takes out the requirement that the draft says is not met.
mkdir gelu
cp "$fixtures/llama/expected/hf.safetensors" gelu/model.safetensors
sed 's/"hidden_act": "silu"/"hidden_act": "gelu"/' "$fixtures/llama/hf/config.json" >gelu/config.json
"$olmoc" new --from hf=gelu --like std:llama >like.omap
try() { "$olmoc" run like.omap --from hf=gelu --to olmo_core=made --dry-run >out 2>err; }
try && fail "a draft like std:llama takes what std:llama refuses"
grep -q '"gelu"' err || fail "a draft like std:llama does not say what it refuses: $(cat err)"
[[ $(grep -A 1 'does not hold for this checkpoint' like.omap | tail -n 1) == *'require known'* ]] ||
  fail "a draft like std:llama does not say which requirement is not met: $(cat like.omap)"
(($(grep -c 'does not hold for this checkpoint' like.omap) == 1)) || fail "it says so of others too: $(cat like.omap)"
sed -i '/require known/d' like.omap
try || fail "a draft like std:llama refuses what it no longer requires: $(cat err)"
echo "$bound drafts bind, $undone say what is not done"
