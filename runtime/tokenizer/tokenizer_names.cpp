#include "runtime/tokenizer/tokenizer_names.h"

#include <algorithm>
#include <array>

namespace omap {
namespace {

constexpr std::array names = {
    TokenizerFileName{"tokenizer.json", true},
    TokenizerFileName{"tokenizer_config.json"},
    TokenizerFileName{"special_tokens_map.json"},
    TokenizerFileName{"added_tokens.json"},
    TokenizerFileName{"chat_template.jinja"},
    TokenizerFileName{"chat_template.json"},
    TokenizerFileName{"vocab.json", true},
    TokenizerFileName{"merges.txt"},
    TokenizerFileName{"vocab.txt", true},
    TokenizerFileName{"tokenizer.model", true},
    TokenizerFileName{"tiktoken.model", true},
    TokenizerFileName{"tekken.json", true},
    TokenizerFileName{"spiece.model", true},
    TokenizerFileName{"spm.model", true},
    TokenizerFileName{"sentencepiece.model", true},
    TokenizerFileName{"sentencepiece.bpe.model", true},
    TokenizerFileName{"bpe.codes"},
    TokenizerFileName{"normalizer.json"},
};

}  // namespace

std::span<const TokenizerFileName> tokenizer_file_names() { return names; }

bool is_tokenizer_file(std::string_view name) {
  return std::ranges::find(names, name, &TokenizerFileName::name) != names.end();
}

}  // namespace omap
