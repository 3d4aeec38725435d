# Sourced first by tests that write files where they are: a folder of their own, and how they fail.

export LC_ALL=C NO_COLOR=1

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

fail() {
  echo "FAILED: $1" >&2
  exit 1
}
