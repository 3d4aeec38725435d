#!/usr/bin/env bash
# `olmoc fmt` rewrites files in their places, whole or not at all, and only those that change.
# Usage: fmt_test.sh OLMOC FIXTURES
set -euo pipefail

olmoc=$1
source "$(dirname "${BASH_SOURCE[0]}")/own_folder.sh"

# expect STATUS COMMAND...: the command's output is in `out` afterwards.
expect() {
  local wanted=$1 status=0
  shift
  "$@" >out 2>err || status=$?
  ((status == wanted)) || fail "'$*' returned $status, not $wanted: $(cat out err)"
}

printf 'omap 1\nside a: dcp\n' >good.omap
printf 'omap   1\r\nside a:dcp  //x' >hurried.omap
printf 'omap 1\nside a dcp\n' >wrong.omap
printf 'omap 1\nside a: dcp  //x\n' >expected
cp hurried.omap hurried.before
cp wrong.omap wrong.before
touch -d 2001-01-01 good.omap

# --check changes nothing, and names what would change.
expect 1 "$olmoc" fmt --check good.omap hurried.omap wrong.omap
[[ $(cat out) == hurried.omap ]] || fail "--check printed $(cat out)"
grep -q 'OM1005' err || fail "--check does not report a syntax error"
cmp hurried.omap hurried.before
expect 1 "$olmoc" fmt --check --format json good.omap hurried.omap
[[ $(cat out) == '{"changed":["hurried.omap"]}' ]] || fail "--format json printed $(cat out)"
expect 0 "$olmoc" fmt --check good.omap

# A file is rewritten through a link, with its permissions; a wrong one and one that is right stay as they are.
chmod 640 hurried.omap
ln -s hurried.omap link.omap
expect 1 "$olmoc" fmt good.omap link.omap wrong.omap
cmp hurried.omap expected
cmp wrong.omap wrong.before
[[ -L link.omap ]] || fail "the link was replaced"
[[ $(stat -c %a hurried.omap) == 640 ]] || fail "the permissions changed"
[[ $(stat -c %Y good.omap) == $(date -d 2001-01-01 +%s) ]] || fail "a canonical file was written"
[[ -z $(find . -name '*.partial' -o -name '.omap*') ]] || fail "a partial file is left"
expect 0 "$olmoc" fmt link.omap

# Standard input goes to standard output; an error leaves that empty.
for arguments in "" -; do
  # shellcheck disable=SC2086  # none or one
  expect 0 "$olmoc" fmt $arguments <hurried.before
  cmp out expected
done
expect 1 "$olmoc" fmt <wrong.before
[[ ! -s out ]] || fail "a wrong text was printed"
expect 1 "$olmoc" fmt --check <hurried.before
[[ $(cat out) == '<stdin>' ]] || fail "--check of standard input printed $(cat out)"

# Parentheses that the layout adds may be too many: the file is left.
printf 'require a%s\n' "$(printf ' == not b%.0s' {1..70})" >deep.omap
cp deep.omap deep.before
expect 1 "$olmoc" fmt deep.omap
grep -q 'OM1003' err || fail "nesting is not reported"
cmp deep.omap deep.before

# What cannot be written is said, and left.
expect 1 "$olmoc" fmt missing.omap
cp hurried.before hurried.omap
head -c 2000 /dev/zero | tr '\0' '/' >>hurried.omap
cp hurried.omap hurried.before
# A file may have 1024 bytes here.
expect 3 bash -c "trap '' XFSZ; ulimit -f 1; exec '$olmoc' fmt hurried.omap"
cmp hurried.omap hurried.before
[[ -z $(find . -name '.omap*') ]] || fail "something is left"
mkfifo pipe.omap
cat hurried.before >pipe.omap &
expect 3 "$olmoc" fmt pipe.omap
wait
[[ -p pipe.omap ]] || fail "a pipe was replaced"

# A file of a name like that of the new text is the user's.
echo mine >hurried.omap.partial
expect 0 "$olmoc" fmt hurried.omap
[[ $(cat hurried.omap.partial) == mine ]] || fail "a file that is the user's was overwritten"
