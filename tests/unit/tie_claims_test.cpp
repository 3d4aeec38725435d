#include "runtime/bind/tie_claims.h"

#include "tests/unit/conversion.h"

using namespace omap;
using namespace omap::test;

namespace {

using Numbers = std::vector<std::uint32_t>;

/// The tensors of five that are claimed by ties that are written `{dropped, kept}`; `read` are so before.
Numbers claimed(const std::vector<std::pair<std::uint32_t, std::uint32_t>>& pairs, const Numbers& read = {}) {
  std::vector<TieCheck> ties;
  for (const auto& [dropped, kept] : pairs) ties.push_back({dropped, kept, {}});
  std::vector<bool> claimed(5, false);
  for (const std::uint32_t tensor : read) claimed[tensor] = true;
  claim_tied(ties, claimed);
  Numbers numbers;
  for (std::uint32_t tensor = 0; tensor < claimed.size(); ++tensor) {
    if (claimed[tensor]) numbers.push_back(tensor);
  }
  return numbers;
}

MadeTensor tensor(const std::string& key) { return tensor_of<float>(key, Dtype::f32, {2}, {1, 2}); }

}  // namespace

TEST_CASE("a tensor is claimed by a tie to one that stays, directly or through others, in any order") {
  CHECK(claimed({}).empty());
  CHECK(claimed({{1, 0}}) == Numbers{1});
  CHECK(claimed({{2, 1}, {1, 0}}) == Numbers{1, 2});
  CHECK(claimed({{1, 0}, {2, 1}, {3, 1}}) == Numbers{1, 2, 3});
  CHECK(claimed({{1, 0}, {1, 0}}) == Numbers{1});
}

TEST_CASE("tensors that are tied in a circle are claimed by nobody") {
  CHECK(claimed({{0, 0}}).empty());
  CHECK(claimed({{0, 1}, {1, 0}}).empty());
  CHECK(claimed({{0, 1}, {1, 2}, {2, 0}, {3, 0}}).empty());
  CHECK(claimed({{1, 0}, {2, 3}, {3, 2}}) == Numbers{1});
  // One of them is tied to another tensor too, or read.
  CHECK(claimed({{0, 1}, {1, 0}, {1, 2}}) == Numbers{0, 1});
  CHECK(claimed({{0, 1}, {1, 0}}, {1}) == Numbers{0, 1});
}

TEST_CASE("what is tied to itself alone is not read by anything, and said to be so") {
  const std::vector<MadeTensor> tensors = {tensor("x"), tensor("p"), tensor("q")};
  const std::vector<Code> unclaimed{Code::source_unclaimed};
  CHECK(refusals(plan_of("x <-> y\ntie a:p = a:x\ntie a:q = a:p"), tensors).empty());
  CHECK(refusals(plan_of("x <-> y\np -> z\ntie a:q = a:q"), tensors) == unclaimed);
  CHECK(refusals(plan_of("x <-> y\ntie a:p = a:q\ntie a:q = a:p"), tensors) ==
        std::vector<Code>(2, Code::source_unclaimed));
  // A rule reads one of them.
  CHECK(refusals(plan_of("x <-> y\np -> z\ntie a:p = a:q\ntie a:q = a:p"), tensors).empty());
}
