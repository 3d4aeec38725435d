#!/usr/bin/env bash
# Installs the package, moves it, and builds the examples against it: each finds what it needs there and nothing in the
# build, and does what it says.
# Usage: install_test.sh OLMOC ROOT BUILD [WITH_TORCH] [TORCH_PATH]
set -euo pipefail
olmoc=$1 root=$2 build=$3 with_torch=${4:-} torch_path=${5:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cmake --install "$build" --prefix "$work/first" >"$work/log" || { cat "$work/log"; exit 1; }
mv "$work/first" "$work/moved"
if grep -rlF -e "$root" -e "$build" "$work/moved" --include='*.cmake' --include='*.pc' --include='*.h'; then
  echo "the package knows where it was built" >&2
  exit 1
fi
# What the headers show is omap's own.
if grep -rnE 'antlr|nlohmann|CLI/' "$work/moved/include" --include='*.h' | grep -vE '^[^:]*:[0-9]+: *//'; then
  echo "a public header shows a library that is none of its business" >&2
  exit 1
fi

build_example() {
  cmake -G Ninja -S "$root/examples/$1" -B "$work/$1" -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_PREFIX_PATH="$work/moved;$torch_path" "${@:2}" >"$work/log" 2>&1 &&
    cmake --build "$work/$1" >>"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
}

build_example plan
if ldd "$work/plan/run_plan" | grep -E 'antlr|torch'; then
  echo "a program that runs plans links more than the runtime" >&2
  exit 1
fi
"$olmoc" compile std:llama --output "$work/llama.json"
"$work/plan/run_plan" "$work/llama.json" "$root/tests/fixtures/llama/expected/olmo_core.safetensors" \
  "$work/hf.safetensors"
"$olmoc" diff "$work/hf.safetensors" "$root/tests/fixtures/llama/expected/hf.safetensors"

build_example templates
"$work/templates/lower_templates" >"$work/templates.json"
"$olmoc" compile "$work/templates.json" --emit ir >/dev/null

# Plans by pkg-config.
libdir=$(dirname "$(find "$work/moved" -name omap-runtime.pc)")
flags=$(PKG_CONFIG_PATH=$libdir pkg-config --cflags --libs omap-runtime)
# shellcheck disable=SC2086
"${CXX:-c++}" -std=c++20 "$root/examples/plan/run_plan.cpp" $flags -o "$work/by_pkg_config"
rm "$work/hf.safetensors"
"$work/by_pkg_config" "$work/llama.json" "$root/tests/fixtures/llama/expected/olmo_core.safetensors" \
  "$work/hf.safetensors"

if [[ -n $with_torch ]]; then
  build_example embed
  "$work/embed/convert_module" "$root/examples/embed/fused.omap"
fi
echo "the installed package builds and runs every example"
