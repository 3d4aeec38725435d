#include "runtime/plan/find_cycles.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace omap {
namespace {

/// Params and indexes by number, and which others each needs.
struct Graph {
  std::vector<std::string_view> names;
  std::vector<SourceRange> ranges;
  std::vector<std::vector<std::size_t>> needs;
};

class GraphBuilder {
 public:
  Graph graph;

  explicit GraphBuilder(const Plan& plan) {
    for (const Param& param : plan.params) add(param.name, param.range);
    for (const Index& index : plan.indexes) add(index.name, index.range);
    for (const Param& param : plan.params) {
      if (!param.index.empty()) need(param.name, param.index);
      if (param.value) need_all(param.name, *param.value);
    }
    for (const Index& index : plan.indexes) {
      need_all(index.name, index.list);
      if (index.when) need_all(index.name, *index.when);
    }
  }

 private:
  void add(std::string_view name, SourceRange range) {
    numbers_.emplace(name, graph.names.size());
    graph.names.push_back(name);
    graph.ranges.push_back(range);
    graph.needs.emplace_back();
  }
  void need(std::string_view name, std::string_view needed) {
    const auto from = numbers_.find(name);
    const auto to = numbers_.find(needed);
    if (from != numbers_.end() && to != numbers_.end()) graph.needs[from->second].push_back(to->second);
  }
  void need_all(std::string_view name, const Expr& expr) {
    for_each_expr(expr, [&](const Expr& part) {
      if (part.op == Expr::Op::param || part.op == Expr::Op::index_list) need(name, part.name);
    });
  }

  std::unordered_map<std::string_view, std::size_t> numbers_;
};

/// `a -> b -> a`; the middle of a long one is left out.
std::string chain_text(const Graph& graph, std::span<const std::size_t> cycle) {
  constexpr std::size_t most = 8;
  std::string text;
  for (std::size_t i = 0; i < cycle.size(); ++i) {
    if (cycle.size() > most && i == most / 2) {
      text += "... -> ";
      i = cycle.size() - most / 2;
    }
    text += std::string(graph.names[cycle[i]]) + " -> ";
  }
  return text + std::string(graph.names[cycle.front()]);
}

Diagnostic cycle_found(const Graph& graph, std::span<const std::size_t> cycle) {
  constexpr std::size_t most_labels = 8;
  const std::size_t first = cycle.front();
  auto diagnostic = Diagnostic(Code::cyclic_definition, graph.ranges[first], "`{}` needs its own value: {}",
                               graph.names[first], chain_text(graph, cycle))
                        .help("give one of them a value that needs none of the others");
  for (const std::size_t other : cycle.subspan(1, std::min(cycle.size() - 1, most_labels))) {
    if (graph.ranges[other].known()) {
      diagnostic.secondary.push_back({graph.ranges[other], fmt::format("`{}` is part of it", graph.names[other])});
    }
  }
  return diagnostic;
}

/// Depth first, on a stack of its own: a chain of definitions may be as long as the plan.
class Search {
 public:
  explicit Search(const Graph& graph) : graph_(graph), states_(graph.names.size()), reported_(graph.names.size()) {}

  Diagnostics run() {
    for (std::size_t start = 0; start < graph_.names.size(); ++start) {
      if (states_[start] == State::unseen) walk(start);
    }
    return std::move(found_);
  }

 private:
  enum class State : std::uint8_t { unseen, open, done };

  void enter(std::size_t node) {
    states_[node] = State::open;
    path_.push_back(node);
    next_.push_back(0);
  }
  void walk(std::size_t start) {
    enter(start);
    while (!path_.empty()) {
      const std::size_t node = path_.back();
      if (next_.back() == graph_.needs[node].size()) {
        states_[node] = State::done;
        path_.pop_back();
        next_.pop_back();
        continue;
      }
      const std::size_t needed = graph_.needs[node][next_.back()++];
      if (states_[needed] == State::unseen)
        enter(needed);
      else if (states_[needed] == State::open)
        report(needed);
    }
  }
  /// The cycle is the path from `first` on.
  void report(std::size_t first) {
    const auto begin = std::find(path_.begin(), path_.end(), first);
    const std::span<const std::size_t> cycle(begin, path_.end());
    if (std::any_of(cycle.begin(), cycle.end(), [&](std::size_t node) { return reported_[node]; })) return;
    for (const std::size_t node : cycle) reported_[node] = true;
    found_.push_back(cycle_found(graph_, cycle));
  }

  const Graph& graph_;
  std::vector<State> states_;
  std::vector<bool> reported_;
  std::vector<std::size_t> path_;
  /// For each node of the path: which of its needs comes next.
  std::vector<std::size_t> next_;
  Diagnostics found_;
};

}  // namespace

Diagnostics find_cycles(const Plan& plan) {
  const Graph graph = GraphBuilder(plan).graph;
  return Search(graph).run();
}

}  // namespace omap
