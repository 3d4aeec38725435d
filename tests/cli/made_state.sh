# Sourced by the tests: makes safetensors files with nothing but a shell, and the mapping that renames their tensors.

readonly state_tensors=8

# make_state FILE BYTES: eight U8 tensors `x.0` ... of BYTES random bytes each.
make_state() {
  local file=$1 bytes=$2 header='{' i digits
  for ((i = 0; i < state_tensors; ++i)); do
    header+=$(printf '"x.%d":{"dtype":"U8","shape":[%d],"data_offsets":[%d,%d]},' \
      "$i" "$bytes" $((i * bytes)) $(((i + 1) * bytes)))
  done
  header=${header%,}'}'
  {
    # The header's length: eight bytes, the least significant first.
    printf -v digits '%016x' "${#header}"
    for ((i = 14; i >= 0; i -= 2)); do printf "\\x${digits:i:2}"; done
    printf '%s' "$header"
    head -c $((state_tensors * bytes)) /dev/urandom
  } >"$file"
}

# make_mapping FILE: calls `x.N` of side `old` `y.N` on side `new`.
make_mapping() {
  cat >"$1" <<EOF
omap 1

side old: safetensors
side new: safetensors

mapping rename: old <-> new {
    index i in 0..$state_tensors
    x.{i} <-> y.{i}
}
EOF
}

# same_data STATE DIRECTORY BYTES: the one weight file in DIRECTORY has STATE's data, in STATE's order: tensors of one
# dtype are written by name, so renaming changes nothing but the header.
same_data() {
  local state=$1 written=$2/model.safetensors size=$((state_tensors * $3))
  [[ -f $written ]] && cmp --silent <(tail -c "$size" "$state") <(tail -c "$size" "$written")
}

fail() {
  echo "FAILED: $*" >&2
  exit 1
}
