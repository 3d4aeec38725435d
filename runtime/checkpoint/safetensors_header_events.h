#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/checkpoint/json_events.h"
#include "runtime/checkpoint/tensor_index.h"

namespace omap {

/// Makes tensors of the events of a header's JSON, and refuses what no entry may say. How entries fit each other and
/// the file is not seen here: that is checked once all are known.
class SafetensorsHeaderEvents final : public JsonEvents {
 public:
  static constexpr std::string_view damaged =
      "the file is damaged, or its writer broke the format: copy or write it again";

  /// In the order of the text; `bytes.offset` counts from the first byte of data.
  std::vector<TensorInfo> tensors;
  std::map<std::string, std::string> metadata;
  /// The mend of `problem`.
  std::string help = std::string(damaged);

  Next key(std::string&& name) override;
  bool begin_object() override;
  bool end_object() override;
  bool begin_list() override;
  bool text(std::string&& value) override;
  bool number(std::uint64_t value) override;
  bool unexpected(std::string_view kind) override;

 private:
  /// The values that there are in a header.
  enum class Expected : std::uint8_t { header, entry, metadata, metadata_text, dtype, shape, extent, offsets, offset };
  struct Field {
    std::string_view name;
    Expected value;
  };
  static constexpr std::array known_fields = {Field{"dtype", Expected::dtype}, Field{"shape", Expected::shape},
                                              Field{"data_offsets", Expected::offsets}};

  Next field(std::string_view name);
  bool finish_entry();
  bool refuse_dtype(std::string_view spelled);
  bool refuse(std::string why);
  Next stop(std::string why);
  [[nodiscard]] const std::string& key_now() const { return tensors.back().key; }

  /// The object that is open, and the value that may come next.
  Expected inside_ = Expected::header;
  Expected expected_ = Expected::header;
  bool has_metadata_ = false;
  std::pair<const std::string, std::string>* metadata_member_ = nullptr;
  /// Of the entry that is open: which of `known_fields` it has, and its `data_offsets`.
  std::array<bool, known_fields.size()> seen_{};
  std::vector<std::uint64_t> offsets_;
};

}  // namespace omap
