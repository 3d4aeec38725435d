// A pickle that nobody vouches for: read as data, and as what an archive of `torch.save` holds of two storages.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/checkpoint/pickle/read_pickle.h"
#include "runtime/checkpoint/torch/rebuild_tensor.h"
#include "tests/fuzz/input_folder.h"
#include "tests/fuzz/read_checkpoint.h"
#include "tests/fuzz/require.h"
#include "tests/unit/made_archive.h"

using namespace omap;

namespace {

/// Values are shared and may contain themselves.
constexpr int max_depth = 12;
constexpr int max_values = 4096;

void visit(PickleValue value, int depth, int& left) {
  if (depth == max_depth || --left < 0) return;
  (void)value.boolean();
  (void)value.integer();
  fuzz::require(value.text().has_value() == value.is(PickleKind::text), "a text can be had");
  fuzz::require(value.raw().empty() || value.text() == std::nullopt, "bytes are no text");
  (void)read_sizes(value);
  if (is_tensor(value)) (void)rebuild_tensor(value);
  for (std::size_t i = 0; i < value.size(); ++i) visit(value[i], depth + 1, left);
  for (std::size_t i = 0; i < value.entries(); ++i) {
    visit(value.key(i), depth + 1, left);
    visit(value.value(i), depth + 1, left);
  }
  if (const auto arguments = value.arguments()) visit(*arguments, depth + 1, left);
  if (const auto state = value.state()) visit(*state, depth + 1, left);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto allow_all = [](std::string_view) { return true; };
  const auto pickle = read_pickle(std::vector<char>(text.begin(), text.end()), allow_all);
  if (!pickle) {
    fuzz::require(!pickle.error().what.empty(), "what is refused has a reason");
    fuzz::require(pickle.error().kind != PickleProblem::Kind::forbidden, "what is allowed is not forbidden");
  } else {
    fuzz::require(pickle->length() <= size, "a pickle lies in its bytes");
    int left = max_values;
    visit(pickle->root(), 0, left);
    for (const PickleValue& value : pickle->persistent_values()) (void)read_storage(value);
  }

  static fuzz::InputFolder folder;
  const std::string archive = test::made_zip({{"archive/data.pkl", std::string(text)},
                                              {"archive/data/0", std::string(96, 'a')},
                                              {"archive/data/1", std::string(24, 'b')}});
  fuzz::require_readable(folder.write("model.pt", archive));
  return 0;
}
