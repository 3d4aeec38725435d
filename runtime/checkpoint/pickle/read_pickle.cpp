#include "runtime/checkpoint/pickle/read_pickle.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string_view>
#include <utility>

#include "diagnostics/source_map.h"
#include "runtime/checkpoint/little_endian.h"

namespace omap {
namespace {

constexpr std::size_t max_values = 1U << 27;
constexpr unsigned newest_protocol = 5;
/// No value has this number.
constexpr std::uint32_t forgotten = UINT32_MAX;

std::string python3_name(std::string_view module, std::string_view name) {
  if (module == "__builtin__") module = "builtins";
  if (module == "copy_reg") module = "copyreg";
  return fmt::format("{}.{}", module, name);
}

}  // namespace

/// Runs the instructions of one pickle. Its methods answer false once `problem` is set.
class PickleMachine {
 public:
  PickleMachine(std::vector<char> bytes, const AllowGlobal& allow) : allow_(allow) {
    pickle_.bytes_ = std::move(bytes);
  }

  tl::expected<Pickle, PickleProblem> run() {
    while (!stopped_) {
      if (pickle_.nodes_.size() >= max_values) refuse("it has too many values");
      if (problem_ || !step()) return tl::unexpected(std::move(*problem_));
    }
    pickle_.length_ = at_;
    return std::move(pickle_);
  }

 private:
  using Kind = PickleKind;
  using Node = Pickle::Node;
  using Nodes = std::vector<std::uint32_t>;

  bool refuse(std::string what, PickleProblem::Kind kind = PickleProblem::Kind::malformed) {
    if (!problem_) problem_ = PickleProblem{kind, std::move(what)};
    return false;
  }
  bool cut_off() { return refuse("it ends too early", PickleProblem::Kind::cut_off); }

  // The bytes.

  [[nodiscard]] std::size_t left() const { return pickle_.bytes_.size() - at_; }

  /// A little-endian number of `size` bytes.
  bool take_number(unsigned size, std::uint64_t& number) {
    if (left() < size) return cut_off();
    number = read_little_endian(std::as_bytes(std::span(pickle_.bytes_)).subspan(at_, size));
    at_ += size;
    return true;
  }
  /// Passes over `size` bytes, the first at `begin`.
  bool take_bytes(std::uint64_t size, std::size_t& begin) {
    if (left() < size) return cut_off();
    begin = at_;
    at_ += static_cast<std::size_t>(size);
    return true;
  }
  bool take_line(std::string_view& line) {
    const auto from = pickle_.bytes_.begin() + static_cast<std::ptrdiff_t>(at_);
    const auto end = std::find(from, pickle_.bytes_.end(), '\n');
    if (end == pickle_.bytes_.end()) return cut_off();
    line = {pickle_.bytes_.data() + at_, static_cast<std::size_t>(end - from)};
    at_ += line.size() + 1;
    return true;
  }

  // The stack. Nothing is taken from below the innermost mark.

  bool push(Kind kind, std::uint64_t wide = 0, std::size_t count = 0) {
    stack_.push_back(static_cast<std::uint32_t>(pickle_.nodes_.size()));
    pickle_.nodes_.push_back({kind, static_cast<std::uint32_t>(count), wide});
    return true;
  }
  [[nodiscard]] std::size_t above_mark() const { return stack_.size() - (marks_.empty() ? 0 : marks_.back()); }
  bool pop(std::uint32_t& node) {
    if (above_mark() == 0) return refuse("it takes a value that is not there");
    node = stack_.back();
    stack_.pop_back();
    return true;
  }
  /// Everything above the innermost mark, and the mark.
  bool pop_mark(Nodes& nodes) {
    if (marks_.empty()) return refuse("it ends a group that it did not begin");
    nodes.assign(stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back()), stack_.end());
    stack_.resize(marks_.back());
    marks_.pop_back();
    return true;
  }
  bool top(std::uint32_t& node) {
    if (above_mark() == 0) return refuse("it takes a value that is not there");
    node = stack_.back();
    return true;
  }

  // Values.

  bool push_number(unsigned size) {
    std::uint64_t number = 0;
    return take_number(size, number) && push(Kind::integer, number);
  }
  bool push_int32() {
    std::uint64_t number = 0;
    if (!take_number(4, number)) return false;
    const auto wide = static_cast<std::int64_t>(static_cast<std::int32_t>(static_cast<std::uint32_t>(number)));
    return push(Kind::integer, static_cast<std::uint64_t>(wide));
  }
  bool push_real() {
    std::uint64_t bits = 0;
    return take_number(8, bits) && push(Kind::real, __builtin_bswap64(bits));
  }
  bool push_bytes(Kind kind, unsigned length_size) {
    std::uint64_t length = 0;
    std::size_t begin = 0;
    if (!take_number(length_size, length) || !take_bytes(length, begin)) return false;
    if (kind == Kind::text && first_invalid_utf8({pickle_.bytes_.data() + begin, static_cast<std::size_t>(length)}) !=
                                  std::string_view::npos) {
      return refuse("a text in it is not valid UTF-8");
    }
    return push(kind, begin, static_cast<std::size_t>(length));
  }
  /// Two's complement, of any length; what does not fit 64 bits stays bytes.
  bool push_long(unsigned length_size) {
    std::uint64_t length = 0;
    std::size_t begin = 0;
    if (!take_number(length_size, length) || !take_bytes(length, begin)) return false;
    if (length > 8) return push(Kind::long_integer, begin, static_cast<std::size_t>(length));
    at_ = begin;
    std::uint64_t number = 0;
    if (!take_number(static_cast<unsigned>(length), number)) return false;
    const auto unused = static_cast<unsigned>(64 - 8 * length);
    if (length > 0 && unused > 0) {
      number = static_cast<std::uint64_t>(static_cast<std::int64_t>(number << unused) >> unused);
    }
    return push(Kind::integer, number);
  }

  bool push_tuple(const Nodes& nodes) {
    const std::size_t begin = pickle_.fixed_.size();
    pickle_.fixed_.insert(pickle_.fixed_.end(), nodes.begin(), nodes.end());
    return push(Kind::tuple, begin, nodes.size());
  }
  bool push_tuple(std::size_t size) {
    Nodes nodes(size);
    for (std::size_t i = size; i-- > 0;) {
      if (!pop(nodes[i])) return false;
    }
    return push_tuple(nodes);
  }
  bool push_marked_tuple() {
    Nodes nodes;
    return pop_mark(nodes) && push_tuple(nodes);
  }
  bool push_grown(Kind kind, Nodes nodes = {}) {
    pickle_.grown_.push_back(std::move(nodes));
    return push(kind, pickle_.grown_.size() - 1);
  }
  bool push_marked(Kind kind) {
    Nodes nodes;
    if (!pop_mark(nodes)) return false;
    if (kind == Kind::dict && nodes.size() % 2 != 0) return refuse("a key in it has no value");
    return push_grown(kind, std::move(nodes));
  }
  /// Adds values to the list, set, dict or object below them.
  bool grow(const Nodes& values, bool by_pairs) {
    std::uint32_t target = 0;
    if (!top(target)) return false;
    const Node& node = pickle_.nodes_[target];
    const bool takes_pairs = node.kind == Kind::dict || node.kind == Kind::object;
    if (takes_pairs != by_pairs || !(takes_pairs || node.kind == Kind::list || node.kind == Kind::set)) {
      return refuse("it fills a value that takes no such entries");
    }
    if (by_pairs && values.size() % 2 != 0) return refuse("a key in it has no value");
    Nodes& grown = node.kind == Kind::object ? pickle_.objects_[node.wide].entries : pickle_.grown_[node.wide];
    grown.insert(grown.end(), values.begin(), values.end());
    return true;
  }
  bool grow_marked(bool by_pairs) {
    Nodes nodes;
    return pop_mark(nodes) && grow(nodes, by_pairs);
  }
  bool grow_one() {
    std::uint32_t value = 0;
    return pop(value) && grow({value}, false);
  }
  bool grow_pair() {
    std::uint32_t key = 0;
    std::uint32_t value = 0;
    return pop(value) && pop(key) && grow({key, value}, true);
  }

  // Globals and what they would make.

  bool push_global(std::string_view module, std::string_view name) {
    std::string full = python3_name(module, name);
    if (!allow_(full)) return refuse(std::move(full), PickleProblem::Kind::forbidden);
    pickle_.names_.push_back(std::move(full));
    return push(Kind::global, pickle_.names_.size() - 1);
  }
  bool push_line_global() {
    std::string_view module;
    std::string_view name;
    return take_line(module) && take_line(name) && push_global(module, name);
  }
  bool push_stack_global() {
    std::uint32_t name = 0;
    std::uint32_t module = 0;
    if (!pop(name) || !pop(module)) return false;
    const auto module_text = PickleValue(pickle_, module).text();
    const auto name_text = PickleValue(pickle_, name).text();
    if (!module_text || !name_text) return refuse("the name of a global in it is no text");
    return push_global(*module_text, *name_text);
  }
  bool push_object() {
    std::uint32_t arguments = 0;
    std::uint32_t global = 0;
    if (!pop(arguments) || !pop(global)) return false;
    if (pickle_.nodes_[global].kind != Kind::global || pickle_.nodes_[arguments].kind != Kind::tuple) {
      return refuse("it calls something that is not a global with a tuple of arguments");
    }
    pickle_.objects_.push_back({global, arguments, std::nullopt, {}});
    return push(Kind::object, pickle_.objects_.size() - 1);
  }
  bool push_object_with_keywords() {
    std::uint32_t keywords = 0;
    if (!pop(keywords)) return false;
    const PickleValue given(pickle_, keywords);
    if (!given.is(Kind::dict) || given.entries() > 0) return refuse("it makes an object of named arguments");
    return push_object();
  }
  bool build() {
    std::uint32_t state = 0;
    std::uint32_t target = 0;
    if (!pop(state) || !top(target)) return false;
    const Node& node = pickle_.nodes_[target];
    if (node.kind != Kind::object) return refuse("it gives a state to a value that takes none");
    pickle_.objects_[node.wide].state = state;
    return true;
  }
  bool push_persistent() {
    std::uint32_t id = 0;
    return pop(id) && push(Kind::persistent, id);
  }

  // The memo.

  /// Picklers number what they remember from 0 on: a number beyond the bytes of the pickle is none of theirs.
  bool memoize(std::uint64_t place) {
    std::uint32_t node = 0;
    if (!top(node)) return false;
    if (place >= pickle_.bytes_.size()) return refuse(fmt::format("it remembers a value as number {}", place));
    if (place >= memo_.size()) memo_.resize(static_cast<std::size_t>(place) + 1, forgotten);
    memo_[place] = node;
    return true;
  }
  bool put(unsigned size) {
    std::uint64_t place = 0;
    return take_number(size, place) && memoize(place);
  }
  bool get(unsigned size) {
    std::uint64_t place = 0;
    if (!take_number(size, place)) return false;
    if (place >= memo_.size() || memo_[place] == forgotten) {
      return refuse(fmt::format("it refers to value {}, which is not there", place));
    }
    stack_.push_back(memo_[place]);
    return true;
  }

  // Instructions, by the letters that Lib/pickletools.py gives them.

  bool step() {
    std::uint64_t opcode = 0;
    if (!take_number(1, opcode)) return false;
    bool known = true;
    const bool done = step_control(opcode, known);
    if (known) return done;
    known = true;
    const bool pushed = step_scalar(opcode, known);
    return known ? pushed : step_compound(opcode);
  }

  bool step_control(std::uint64_t opcode, bool& known) {
    std::uint64_t ignored = 0;
    std::uint32_t node = 0;
    Nodes nodes;
    switch (opcode) {
      case 0x80:  // PROTO
        if (!take_number(1, ignored)) return false;
        return ignored <= newest_protocol || refuse(fmt::format("it is of protocol {}", ignored));
      case 0x95:  // FRAME: the bytes of the next instructions, which follow all the same
        return take_number(8, ignored);
      case '.':  // STOP
        stopped_ = true;
        if (!pop(pickle_.root_)) return false;
        return (stack_.empty() && marks_.empty()) || refuse("it ends with values left over");
      case '(':  // MARK
        marks_.push_back(stack_.size());
        return true;
      case '0':  // POP
        if (above_mark() == 0 && !marks_.empty()) return pop_mark(nodes);
        return pop(node);
      case '1':  // POP_MARK
        return pop_mark(nodes);
      case '2':  // DUP
        if (!top(node)) return false;
        stack_.push_back(node);
        return true;
      case 'q':  // BINPUT
        return put(1);
      case 'r':  // LONG_BINPUT
        return put(4);
      case 0x94:  // MEMOIZE
        return memoize(memo_.size());
      case 'h':  // BINGET
        return get(1);
      case 'j':  // LONG_BINGET
        return get(4);
      default:
        known = false;
        return true;
    }
  }

  bool step_scalar(std::uint64_t opcode, bool& known) {
    switch (opcode) {
      case 'N':  // NONE
        return push(Kind::none);
      case 0x88:  // NEWTRUE
        return push(Kind::boolean, 1);
      case 0x89:  // NEWFALSE
        return push(Kind::boolean, 0);
      case 'K':  // BININT1
        return push_number(1);
      case 'M':  // BININT2
        return push_number(2);
      case 'J':  // BININT
        return push_int32();
      case 0x8a:  // LONG1
        return push_long(1);
      case 0x8b:  // LONG4
        return push_long(4);
      case 'G':  // BINFLOAT
        return push_real();
      case 0x8c:  // SHORT_BINUNICODE
        return push_bytes(Kind::text, 1);
      case 'X':  // BINUNICODE
        return push_bytes(Kind::text, 4);
      case 0x8d:  // BINUNICODE8
        return push_bytes(Kind::text, 8);
      case 'U':  // SHORT_BINSTRING: Python 2's strings; those of checkpoints are ASCII
        return push_bytes(Kind::text, 1);
      case 'T':  // BINSTRING
        return push_bytes(Kind::text, 4);
      case 'C':  // SHORT_BINBYTES
        return push_bytes(Kind::bytes, 1);
      case 'B':  // BINBYTES
        return push_bytes(Kind::bytes, 4);
      case 0x8e:  // BINBYTES8
      case 0x96:  // BYTEARRAY8
        return push_bytes(Kind::bytes, 8);
      default:
        known = false;
        return true;
    }
  }

  bool step_compound(std::uint64_t opcode) {
    switch (opcode) {
      case ')':  // EMPTY_TUPLE
        return push_tuple(Nodes());
      case 0x85:  // TUPLE1
      case 0x86:  // TUPLE2
      case 0x87:  // TUPLE3
        return push_tuple(static_cast<std::size_t>(opcode - 0x84));
      case 't':  // TUPLE
        return push_marked_tuple();
      case ']':  // EMPTY_LIST
        return push_grown(Kind::list);
      case 'l':  // LIST
        return push_marked(Kind::list);
      case 'a':  // APPEND
        return grow_one();
      case 'e':   // APPENDS
      case 0x90:  // ADDITEMS
        return grow_marked(false);
      case '}':  // EMPTY_DICT
        return push_grown(Kind::dict);
      case 'd':  // DICT
        return push_marked(Kind::dict);
      case 's':  // SETITEM
        return grow_pair();
      case 'u':  // SETITEMS
        return grow_marked(true);
      case 0x8f:  // EMPTY_SET
        return push_grown(Kind::set);
      case 0x91:  // FROZENSET
        return push_marked(Kind::set);
      case 'c':  // GLOBAL
        return push_line_global();
      case 0x93:  // STACK_GLOBAL
        return push_stack_global();
      case 'R':   // REDUCE
      case 0x81:  // NEWOBJ
        return push_object();
      case 0x92:  // NEWOBJ_EX
        return push_object_with_keywords();
      case 'b':  // BUILD
        return build();
      case 'Q':  // BINPERSID
        return push_persistent();
      default:
        return refuse(fmt::format("byte {} is {:#04x}, an instruction that data does not need", at_ - 1, opcode));
    }
  }

  const AllowGlobal& allow_;
  Pickle pickle_;
  std::size_t at_ = 0;
  Nodes stack_;
  /// Heights of the stack.
  std::vector<std::size_t> marks_;
  Nodes memo_;
  bool stopped_ = false;
  std::optional<PickleProblem> problem_;
};

tl::expected<Pickle, PickleProblem> read_pickle(std::vector<char> bytes, const AllowGlobal& allow) {
  if (bytes.size() > max_pickle_bytes) bytes.resize(max_pickle_bytes);
  return PickleMachine(std::move(bytes), allow).run();
}

}  // namespace omap
