#!/usr/bin/env bash
# Holds the pages against the program: README.md, docs/*.md and grammar/README.md. Stops at the first difference.
# Usage: run_docs.sh OLMOC ROOT
#
# Of a page's blocks these are tested, in their order, each page in a scratch folder of its own:
#
#   ```omap [NAME]       a whole file, that compiles without a word; NAME is what commands below call it
#   ```omap-wrong NAME   a whole file, that does not compile
#   ```omap-around       a whole file with a line `    ...`, where the page's later `omap-rules` are put
#   ```omap-rules        rules, that compile there
#   ```cpp FILE          lines that stand one after another in FILE, indented as there or less
#   ```console           commands behind `$ `, and below each what it prints: standard output and standard error
#
# All mappings but wrong ones are in canonical layout (docs/format.md).
#
# A command whose line ends in `\` goes on in the next. In what is printed, `...` stands for anything; how long a run
# took does not count, nor do empty lines at the end. Commands find tests/ and stdlib-mappings/ where the repository
# has them.
set -euo pipefail
export LC_ALL=C NO_COLOR=1

olmoc=$(realpath "$1")
root=$(realpath "$2")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin"
ln -s "$olmoc" "$work/bin/olmoc"
export PATH=$work/bin:$PATH

mappings=0
commands=0
snippets=0

fail() {
  printf 'FAILED: %s:%d: %s\n' "$page" "$block_line" "$1" >&2
  exit 1
}

# differs WHAT SHOWN PRINTED
differs() {
  printf 'FAILED: %s:%d: %s\n' "$page" "$block_line" "$1" >&2
  diff --label "the page" --label "the program" -u <(printf '%s\n' "$2") <(printf '%s\n' "$3") >&2
  exit 1
}

# same SHOWN PRINTED: everything but `...` is taken as it stands.
same() {
  local pattern
  pattern=$(printf '%s' "$1" | sed -E 's/[^[:alnum:][:space:]]/\\&/g; s/\\\.\\\.\\\./*/g')
  # shellcheck disable=SC2053  # it is meant as a pattern
  [[ $2 == $pattern ]]
}

# check_file NAME: prints what `olmoc check` says, and returns its status.
check_file() {
  (cd "$scratch" && olmoc check "$1" 2>&1)
}

check_compiles() {
  local said
  said=$(check_file "$1") || differs "this does not compile" "" "$said"
  [[ $said == *", no errors" && $said != *$'\n'* ]] || differs "this compiles with a warning" "" "$said"
  mappings=$((mappings + 1))
}

check_rules() {
  local said
  [[ -n $around ]] || fail "no omap-around stands before these rules"
  printf '%s%s%s' "${around%%"    ..."*}" "$body" "${around#*"    ..."}" >"$scratch/rules.omap"
  said=$(check_file rules.omap) || differs "these rules do not compile" "" "$said"
  mappings=$((mappings + 1))
}

check_command() {
  [[ -n $command ]] || return 0
  local printed shown status=0
  printed=$(cd "$scratch" && bash -c "$command" 2>&1) || status=$?
  printed=$(printf '%s' "$printed" | sed -E 's/ in [0-9]+\.[0-9]+ s$/ in TIME/')
  shown=$(printf '%s' "$expected" | sed -E 's/ in [0-9]+\.[0-9]+ s$/ in TIME/')
  same "$shown" "$printed" || differs "$ $command" "$shown" "$printed"
  ((status == 0)) || [[ $shown == *error* ]] || fail "\`$command\` ends with $status, and the page shows no error"
  commands=$((commands + 1))
}

check_console() {
  local line
  command='' expected=''
  while IFS= read -r line; do
    if [[ $command == *\\ ]]; then
      command+=$'\n'$line
    elif [[ $line == '$ '* ]]; then
      check_command
      command=${line#'$ '} expected=''
    else
      [[ -n $command ]] || fail "output without a command"
      expected+=$line$'\n'
    fi
  done <<<"${body%$'\n'}"
  check_command
}

# check_layout TEXT
check_layout() {
  local text=${1/$'\n    ...\n'/$'\n    // ...\n'} canonical
  canonical=$(olmoc fmt <<<"$text") || fail "a syntax error"
  [[ $canonical == "${text%$'\n'}" ]] || differs "this is not in canonical layout" "$text" "$canonical"
}

# check_cpp FILE: the block stands in FILE, which other tests compile.
check_cpp() {
  [[ -f $root/$1 ]] || fail "there is no file $1"
  [[ $(<"$root/$1") == *"${body%$'\n'}"* ]] || fail "these lines do not stand in $1"
  snippets=$((snippets + 1))
}

check_block() {
  local name=${info#* }
  case $info in
    omap | "omap "* | omap-around | omap-rules) check_layout "$body" ;;
  esac
  case $info in
    omap)
      printf '%s' "$body" >"$scratch/block.omap"
      check_compiles block.omap
      ;;
    "omap "*)
      printf '%s' "$body" >"$scratch/$name"
      check_compiles "$name"
      ;;
    "omap-wrong "*)
      printf '%s' "$body" >"$scratch/$name"
      if check_file "$name" >/dev/null; then fail "this compiles"; fi
      mappings=$((mappings + 1))
      ;;
    omap-around) around=$body ;;
    omap-rules) check_rules ;;
    "cpp "*) check_cpp "$name" ;;
    console) check_console ;;
    omap*) fail "a block of an unknown kind: $info" ;;
  esac
}

check_page() {
  local line number=0 inside=no
  page=$1 around='' scratch=$(mktemp -d "$work/page.XXXXXX")
  mkdir "$scratch/tests"
  ln -s "$root/tests/fixtures" "$scratch/tests/fixtures"
  ln -s "$root/stdlib-mappings" "$scratch/stdlib-mappings"
  while IFS= read -r line || [[ -n $line ]]; do
    number=$((number + 1))
    if [[ $line != '```'* ]]; then
      body+=$line$'\n'
    elif [[ $inside == no ]]; then
      inside=yes info=${line#'```'} body='' block_line=$number
    else
      inside=no
      check_block
    fi
  done <"$root/$page"
  [[ $inside == no ]] || fail "this block is not closed"
}

body='' block_line=0
cd "$root"
for page in README.md docs/*.md grammar/README.md; do
  check_page "$page"
done
((mappings > 0 && commands > 0)) || { echo "FAILED: no block was found" >&2; exit 1; }
echo "$mappings mappings, $commands commands and $snippets snippets are and do what the pages show"
