#!/usr/bin/env bash
# `olmoc compile -o` writes a file whole or not at all, and what is no regular file as it is.
# Usage: compile_test.sh OLMOC FIXTURES
set -euo pipefail
export LC_ALL=C NO_COLOR=1

olmoc=$1
source "$(dirname "${BASH_SOURCE[0]}")/made_state.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
make_mapping rename.omap
for ((i = 0; i < 40; ++i)); do echo "    a.$i <-> b.$i" >>rules; done
sed -i '/x.{i}/r rules' rename.omap
"$olmoc" compile rename.omap >expected

compile() {
  "$olmoc" compile rename.omap -o "$1"
}
# nothing_left WHAT: no file of its own is left.
nothing_left() {
  [[ -z $(find . -name '.omap*') ]] || fail "$1: left $(find . -name '.omap*')"
}

# A new file has the permissions of the umask; one that is there keeps its own, and its owner.
(umask 027 && compile new.plan)
cmp new.plan expected
[[ $(stat -c %a new.plan) == 640 ]] || fail "a new file: permissions $(stat -c %a new.plan)"
echo old >there.plan
chmod 604 there.plan
((EUID)) || chown 1234:1235 there.plan
owner=$(stat -c %u:%g there.plan)
echo mine >there.plan.partial
ln there.plan backup
compile there.plan
cmp there.plan expected
[[ $(stat -c %a there.plan) == 604 ]] || fail "the permissions changed"
[[ $(stat -c %u:%g there.plan) == "$owner" ]] || fail "the owner changed"
[[ $(cat there.plan.partial) == mine ]] || fail "a file that is the user's was overwritten"
[[ $(cat backup) == old ]] || fail "another name of the old file has the new text"
nothing_left "files"

# A link stays, and what it points to is written; a link to nothing is said.
mkdir below
echo old >below/target
ln -s below/target link
compile link
[[ -L link ]] || fail "the link was replaced"
cmp below/target expected
ln -s nowhere dangling
if compile dangling 2>log; then fail "a link to nothing was written"; fi
grep -q 'OM6012.*link to nothing' log || fail "a link to nothing: $(cat log)"
[[ -L dangling && ! -e nowhere ]] || fail "a link to nothing was changed"
nothing_left "links"

# A pipe and a device get the text, and stay.
mkfifo pipe
cat pipe >piped &
compile pipe
wait $!
[[ -p pipe ]] || fail "the pipe was replaced"
cmp piped expected
if mknod null c 1 3 2>/dev/null && : 2>/dev/null >null; then
  compile null
  [[ -c null ]] || fail "the device was replaced"
fi
compile /dev/stdout | cmp - expected

# What cannot be written leaves the old text, and nothing else: here a file may have 1024 bytes.
echo old >there.plan
(($(wc -c <expected) > 1024)) || fail "the plan is too small for this test"
status=0
(trap '' XFSZ; ulimit -f 1; compile there.plan 2>log) || status=$?
((status == 3)) || fail "exit status $status, not 3"
grep -q OM6012 log || fail "not said: $(cat log)"
[[ $(cat there.plan) == old ]] || fail "a failed run changed the file"
nothing_left "a failure"
for directory in below missing/there.plan; do
  if compile "$directory" 2>log; then fail "$directory was written"; fi
  grep -q OM6012 log || fail "$directory: $(cat log)"
done
