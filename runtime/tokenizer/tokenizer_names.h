#pragma once

#include <span>
#include <string_view>

namespace omap {

/// A file that a tokenizer is saved as, by the name that Transformers gives it.
struct TokenizerFileName {
  std::string_view name;
  /// It has the vocabulary: one of these makes a directory a tokenizer's.
  bool has_vocabulary = false;
};

/// The names of Transformers 5: those that every tokenizer may have (tokenization_utils_base), and the vocabularies of
/// language models (`VOCAB_FILES_NAMES` of their tokenizers; `tekken.json` is mistral-common's).
[[nodiscard]] std::span<const TokenizerFileName> tokenizer_file_names();

[[nodiscard]] bool is_tokenizer_file(std::string_view name);

}  // namespace omap
