#include "compiler/driver/print_comparison.h"

#include <fmt/format.h>

#include "runtime/checkpoint/key_pattern.h"
#include "runtime/json/json.h"

namespace omap::driver {
namespace {

constexpr std::size_t shown = 20;

std::string spell(Dtype dtype) { return std::string(name(dtype)); }
std::string spell(const std::vector<std::int64_t>& shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

std::string spell(const LargestDifference& largest) {
  return fmt::format("; at most by {:.3g}, relative {:.3g}", largest.absolute, largest.relative);
}

void print_root(const Console& console, const std::string& root, const std::string& where) {
  if (!root.empty()) console.result(fmt::format("keys of {} are taken without their root `{}`\n", where, root));
}

void print_keys(const Console& console, const std::vector<std::string>& keys, const std::string& where) {
  const auto folded = fold_keys(keys);
  for (std::size_t i = 0; i < folded.size() && i < shown; ++i) {
    console.result(fmt::format("only in {}: {}{}\n", where, folded[i].pattern,
                               folded[i].count > 1 ? fmt::format(" ({} keys)", folded[i].count) : ""));
  }
  if (folded.size() > shown) console.result(fmt::format("only in {}: {} more\n", where, folded.size() - shown));
}

template <class Property>
void print_headers(const Console& console, const std::vector<HeaderDifference<Property>>& differences,
                   std::string_view what) {
  for (std::size_t i = 0; i < differences.size() && i < shown; ++i) {
    console.result(
        fmt::format("{}: {} {} and {}\n", differences[i].key, what, spell(differences[i].a), spell(differences[i].b)));
  }
  if (differences.size() > shown)
    console.result(fmt::format("{} more tensors differ in {}\n", differences.size() - shown, what));
}

void print_bits(const Console& console, const std::vector<BitDifference>& differences) {
  for (std::size_t i = 0; i < differences.size() && i < shown; ++i) {
    const BitDifference& d = differences[i];
    console.result(fmt::format("{}: {} element{} differ{}, the first at {}{}\n", d.key, d.count,
                               d.count == 1 ? "" : "s", d.count == 1 ? "s" : "", spell(d.first),
                               d.largest ? spell(*d.largest) : ""));
  }
  if (differences.size() > shown)
    console.result(fmt::format("{} more tensors differ in bits\n", differences.size() - shown));
}

Value keys_json(const std::vector<std::string>& keys) { return Value(Value::List(keys.begin(), keys.end())); }

template <class Property>
Value headers_json(const std::vector<HeaderDifference<Property>>& differences) {
  Value::List list;
  for (const auto& d : differences)
    list.emplace_back(Value::Object{{"key", d.key}, {"a", spell(d.a)}, {"b", spell(d.b)}});
  return Value(std::move(list));
}

Value bits_json(const std::vector<BitDifference>& differences) {
  Value::List list;
  for (const BitDifference& d : differences) {
    Value::Object one{{"key", d.key},
                      {"count", static_cast<std::int64_t>(d.count)},
                      {"first", Value::List(d.first.begin(), d.first.end())}};
    if (d.largest) {
      one.emplace_back("absolute", d.largest->absolute);
      one.emplace_back("relative", d.largest->relative);
    }
    list.emplace_back(std::move(one));
  }
  return Value(std::move(list));
}

void print_json(const Console& console, const Comparison& found) {
  Value::Object all{{"same", found.same()},
                    {"equal", static_cast<std::int64_t>(found.equal)},
                    {"only_a", keys_json(found.only_a)},
                    {"only_b", keys_json(found.only_b)},
                    {"dtypes", headers_json(found.dtypes)},
                    {"shapes", headers_json(found.shapes)},
                    {"bits", bits_json(found.bits)}};
  if (!found.root_a.empty()) all.emplace_back("root_a", found.root_a);
  if (!found.root_b.empty()) all.emplace_back("root_b", found.root_b);
  console.result(dump_json(all) + "\n");
}

}  // namespace

ExitCode print_comparison(const Console& console, const Comparison& found, const std::string& a, const std::string& b,
                          std::string_view elements) {
  if (found.of_nothing()) {
    return console.report({Diagnostic(Code::not_a_checkpoint, "there is nothing to compare: neither has a tensor")
                               .note("these are {} and {}", a, b)
                               .help("name checkpoints that hold tensors")});
  }
  if (console.json) {
    print_json(console, found);
  } else {
    print_root(console, found.root_a, a);
    print_root(console, found.root_b, b);
    print_keys(console, found.only_a, a);
    print_keys(console, found.only_b, b);
    print_headers(console, found.dtypes, "dtype");
    print_headers(console, found.shapes, "shape");
    print_bits(console, found.bits);
    console.info(fmt::format("{} tensor{} equal{}\n", found.equal, found.equal == 1 ? " is" : "s are",
                             found.same() ? fmt::format(": names, dtypes, shapes and {}", elements) : ""));
  }
  return found.same() ? done : wrong_input;
}

}  // namespace omap::driver
