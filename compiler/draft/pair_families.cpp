#include "compiler/draft/pair_families.h"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <tuple>

namespace omap {
namespace {

using Fits = std::vector<std::vector<std::size_t>>;

bool fit(const KeyFamily& a, const KeyFamily& b) {
  return a.numbers == b.numbers && a.shape == b.shape && can_be_written(a) && can_be_written(b);
}

bool fit_transposed(const KeyFamily& a, const KeyFamily& b) {
  return a.numbers == b.numbers && a.shape.size() == 2 && b.shape.size() == 2 && a.shape[0] == b.shape[1] &&
         a.shape[1] == b.shape[0] && can_be_written(a) && can_be_written(b);
}

bool are_transposed(const TensorDigest& a, const TensorDigest& b) {
  return a.corner && b.corner && a.corner->rows == b.corner->columns && a.corner->columns == b.corner->rows;
}

/// The words of a key, between dots and underscores.
std::set<std::string> words_of(const KeyFamily& family) {
  std::set<std::string> words;
  for (const auto& text : family.segments) {
    std::string_view segment = text ? std::string_view(*text) : std::string_view();
    while (!segment.empty()) {
      const std::size_t end = std::min(segment.find('_'), segment.size());
      if (end > 0) words.emplace(segment.substr(0, end));
      segment.remove_prefix(std::min(end + 1, segment.size()));
    }
  }
  return words;
}

/// Between 0 and 1: how many of the words of two keys are common to both.
double likeness(const KeyFamily& a, const KeyFamily& b) {
  const std::set<std::string> left = words_of(a), right = words_of(b);
  const auto common = std::ranges::count_if(left, [&](const std::string& word) { return right.contains(word); });
  const std::size_t all = left.size() + right.size() - static_cast<std::size_t>(common);
  return all == 0 ? 0 : static_cast<double>(common) / static_cast<double>(all);
}

class FamilyPairing {
 public:
  FamilyPairing(std::span<const KeyFamily> left, std::span<const KeyFamily> right)
      : left_(left),
        right_(right),
        fits_(left.size()),
        equal_left_(left.size()),
        transposed_left_(left.size()),
        taken_left_(left.size()),
        taken_right_(right.size()) {}

  std::vector<FamilyPair> pair(const Fingerprint& left_bits, const Fingerprint& right_bits) {
    for (std::size_t l = 0; l < left_.size(); ++l) {
      for (std::size_t r = 0; r < right_.size(); ++r) {
        if (fit(left_[l], right_[r])) fits_[l].push_back(r);
      }
    }
    for (const KeyFamily& family : left_) ours_.push_back(left_bits(family));
    for (const KeyFamily& family : right_) theirs_.push_back(right_bits(family));
    keep_equal();
    take_only_fits();
    take_likely();
    std::ranges::sort(pairs_, {}, &FamilyPair::left);
    return std::move(pairs_);
  }

 private:
  /// Where first tensors have the same bits, those that have other bits do not fit. Families that no others equal fit
  /// as they did: two checkpoints need not hold the same model.
  void keep_equal() {
    std::set<std::size_t> equal_right;
    for (std::size_t l = 0; l < left_.size(); ++l) {
      std::vector<std::size_t> equal;
      std::ranges::copy_if(fits_[l], std::back_inserter(equal),
                           [&](std::size_t r) { return are_compared(l, r) && ours_[l]->bits == theirs_[r]->bits; });
      if (equal.empty()) {
        equal = transposed(l);
        transposed_left_[l] = !equal.empty();
      }
      if (equal.empty()) continue;
      equal_right.insert(equal.begin(), equal.end());
      equal_left_[l] = true;
      fits_[l] = std::move(equal);
    }
    for (std::size_t l = 0; l < left_.size(); ++l) {
      if (!equal_left_[l]) std::erase_if(fits_[l], [&](std::size_t r) { return equal_right.contains(r); });
    }
  }

  [[nodiscard]] bool are_compared(std::size_t l, std::size_t r) const {
    return ours_[l] && theirs_[r] && left_[l].dtype == right_[r].dtype;
  }

  /// The families of the right that a left one is when it is transposed.
  [[nodiscard]] std::vector<std::size_t> transposed(std::size_t l) const {
    std::vector<std::size_t> found;
    for (std::size_t r = 0; r < right_.size(); ++r) {
      if (fit_transposed(left_[l], right_[r]) && are_compared(l, r) && are_transposed(*ours_[l], *theirs_[r])) {
        found.push_back(r);
      }
    }
    return found;
  }

  void take_only_fits() {
    std::vector<std::size_t> wanted(right_.size());
    for (const auto& fits : fits_) {
      for (const std::size_t r : fits) ++wanted[r];
    }
    for (std::size_t l = 0; l < left_.size(); ++l) {
      if (fits_[l].size() != 1 || wanted[fits_[l][0]] != 1) continue;
      const std::size_t r = fits_[l][0];
      take({l,
            r,
            equal_left_[l]       ? FamilyPair::Certainty::bits
            : are_compared(l, r) ? FamilyPair::Certainty::guess
                                 : FamilyPair::Certainty::only_fit,
            {}});
    }
  }

  /// The most alike first; of several that are as much alike, those in the same order.
  void take_likely() {
    std::vector<std::tuple<double, std::size_t, std::size_t>> likely;
    for (std::size_t l = 0; l < left_.size(); ++l) {
      for (const std::size_t r : fits_[l]) likely.emplace_back(-likeness(left_[l], right_[r]), l, r);
    }
    std::ranges::sort(likely);
    for (const auto& [unlike, l, r] : likely) {
      if (taken_left_[l] || taken_right_[r]) continue;
      FamilyPair pair{l, r, FamilyPair::Certainty::guess, {}};
      std::ranges::copy_if(fits_[l], std::back_inserter(pair.others),
                           [&, own = r](std::size_t other) { return other != own; });
      take(std::move(pair));
    }
  }

  void take(FamilyPair pair) {
    taken_left_[pair.left] = taken_right_[pair.right] = true;
    pair.is_transposed = transposed_left_[pair.left];
    pair.differs = !equal_left_[pair.left] && are_compared(pair.left, pair.right);
    pairs_.push_back(std::move(pair));
  }

  std::span<const KeyFamily> left_, right_;
  Fits fits_;
  std::vector<std::optional<TensorDigest>> ours_, theirs_;
  std::vector<bool> equal_left_, transposed_left_, taken_left_, taken_right_;
  std::vector<FamilyPair> pairs_;
};

}  // namespace

std::vector<FamilyPair> pair_families(std::span<const KeyFamily> left, std::span<const KeyFamily> right,
                                      const Fingerprint& left_bits, const Fingerprint& right_bits) {
  return FamilyPairing(left, right).pair(left_bits, right_bits);
}

}  // namespace omap
