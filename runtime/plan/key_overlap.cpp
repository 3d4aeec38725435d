#include "runtime/plan/key_overlap.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/plan/key_piece.h"

namespace omap {
namespace {

using Op = Expr::Op;
using Kind = KeyPiece::Kind;

constexpr std::size_t max_overlaps = 64;
constexpr std::size_t max_branches = 512;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

Expr equal(Expr a, Expr b) {
  Expr made;
  made.op = Op::equal;
  made.args.push_back(std::move(a));
  made.args.push_back(std::move(b));
  return made;
}
Expr literal(Value value) {
  Expr made;
  made.value = std::move(value);
  return made;
}

bool reads_index(const Expr& expr) {
  bool found = false;
  for_each_expr(expr, [&](const Expr& e) { found = found || e.op == Op::index; });
  return found;
}

/// What is left of a template: pieces at both ends are consumed, of a text its characters.
struct Rest {
  std::vector<KeyPiece> pieces;
  std::size_t first = 0;

  [[nodiscard]] bool empty() const { return first == pieces.size(); }
  [[nodiscard]] KeyPiece& front() { return pieces[first]; }
  [[nodiscard]] KeyPiece& back() { return pieces.back(); }
  [[nodiscard]] std::size_t size() const { return pieces.size() - first; }
  void drop_front() { ++first; }
  void drop_back() { pieces.pop_back(); }
};

/// Both ends of what remains of the two templates, moved towards each other as far as only one way is possible.
class Matching {
 public:
  Rest a, b;
  KeyOverlap overlap;

  enum class Step : std::uint8_t { done, stuck, impossible };

  /// Until the fronts cannot be told. `impossible`: the keys differ.
  Step match_fronts() { return match(&Matching::front_step); }
  Step match_backs() { return match(&Matching::back_step); }

  /// One number, or one string, makes up the rest of both; or of one, and a text of the other.
  Step match_wholes() {
    if (a.size() != 1 || b.size() != 1) return Step::stuck;
    const KeyPiece& x = a.front();
    const KeyPiece& y = b.front();
    const bool strings = (x.kind == Kind::string || x.kind == Kind::choice || x.kind == Kind::text) &&
                         (y.kind == Kind::string || y.kind == Kind::choice || y.kind == Kind::text);
    if (!strings) return Step::stuck;
    const auto expr = [](const KeyPiece& p) { return p.kind == Kind::text ? literal(Value(p.text)) : p.expr; };
    // Whether a param is a text, nobody says.
    for (const KeyPiece* piece : {&x, &y}) {
      overlap.exact = overlap.exact && (piece->kind == Kind::text || piece->expr.op == Op::index);
    }
    overlap.equal.push_back(equal(expr(x), expr(y)));
    a.drop_front(), b.drop_front();
    return Step::done;
  }

 private:
  Step match(Step (Matching::*step)()) {
    while (!a.empty() && !b.empty()) {
      const Step result = (this->*step)();
      if (result != Step::done) return result;
    }
    return Step::done;
  }

  static bool same_constant(const KeyPiece& x, const KeyPiece& y) {
    return x.kind == y.kind && x.kind != Kind::text && x.expr == y.expr && !reads_index(x.expr);
  }

  /// Whether a number at the front of a rest ends where digits end: behind it no digit can stand.
  static bool ends_with_digits(const Rest& rest) {
    if (rest.size() == 1) return true;
    const KeyPiece& next = rest.pieces[rest.first + 1];
    return next.kind == Kind::text && !is_digit(next.text.front());
  }
  /// The same from behind: before it neither a digit nor a sign.
  static bool begins_with_digits(const Rest& rest) {
    if (rest.size() == 1) return true;
    const KeyPiece& before = rest.pieces[rest.pieces.size() - 2];
    return before.kind == Kind::text && !is_digit(before.text.back()) && before.text.back() != '-';
  }

  Step front_step() {
    KeyPiece& x = a.front();
    KeyPiece& y = b.front();
    if (same_constant(x, y)) return a.drop_front(), b.drop_front(), Step::done;
    if (x.kind == Kind::text && y.kind == Kind::text) {
      const std::size_t n = std::min(x.text.size(), y.text.size());
      if (x.text.compare(0, n, y.text, 0, n) != 0) return Step::impossible;
      for (Rest* rest : {&a, &b}) {
        rest->front().text.erase(0, n);
        if (rest->front().text.empty()) rest->drop_front();
      }
      return Step::done;
    }
    if (x.kind == Kind::number && y.kind == Kind::number) {
      if (!ends_with_digits(a) || !ends_with_digits(b)) return Step::stuck;
      overlap.equal.push_back(equal(x.expr, y.expr));
      return a.drop_front(), b.drop_front(), Step::done;
    }
    if (x.kind == Kind::number && y.kind == Kind::text) return front_number(a, b);
    if (x.kind == Kind::text && y.kind == Kind::number) return front_number(b, a);
    if (x.kind == Kind::choice && y.kind == Kind::choice) return front_choices();
    return Step::stuck;
  }

  Step front_number(Rest& number, Rest& text) {
    if (!ends_with_digits(number)) return Step::stuck;
    std::string& from = text.front().text;
    std::size_t n = from.front() == '-' ? 1 : 0;
    while (n < from.size() && is_digit(from[n])) ++n;
    // Where the text ends in digits, more of them may follow.
    if (n == from.size() && text.size() > 1) return Step::stuck;
    return take_number(
        number, text, from.substr(0, n), [&] { from.erase(0, n); }, &Rest::drop_front);
  }

  template <class Erase>
  Step take_number(Rest& number, Rest& text, const std::string& digits, const Erase& erase, void (Rest::*drop)()) {
    const auto value = number_in_key(digits);
    if (!value) return Step::impossible;
    KeyPiece& piece = drop == &Rest::drop_front ? number.front() : number.back();
    overlap.equal.push_back(equal(std::move(piece.expr), literal(Value(*value))));
    erase();
    (number.*drop)();
    if ((drop == &Rest::drop_front ? text.front() : text.back()).text.empty()) (text.*drop)();
    return Step::done;
  }

  /// Names that cannot hold what follows end where it begins.
  Step front_choices() {
    const auto next = [](const Rest& rest) -> std::optional<char> {
      const KeyPiece* piece = rest.size() > 1 ? &rest.pieces[rest.first + 1] : nullptr;
      return piece && piece->kind == Kind::text ? std::optional(piece->text.front()) : std::nullopt;
    };
    const auto c = next(a);
    if (!c || next(b) != c) return Step::stuck;
    for (const KeyPiece* piece : {&a.front(), &b.front()}) {
      for (const std::string& name : piece->names) {
        if (name.find(*c) != std::string::npos) return Step::stuck;
      }
    }
    overlap.equal.push_back(equal(a.front().expr, b.front().expr));
    return a.drop_front(), b.drop_front(), Step::done;
  }

  Step back_step() {
    KeyPiece& x = a.back();
    KeyPiece& y = b.back();
    if (same_constant(x, y)) return a.drop_back(), b.drop_back(), Step::done;
    if (x.kind == Kind::text && y.kind == Kind::text) {
      const std::size_t n = std::min(x.text.size(), y.text.size());
      if (!std::equal(x.text.end() - static_cast<std::ptrdiff_t>(n), x.text.end(),
                      y.text.end() - static_cast<std::ptrdiff_t>(n))) {
        return Step::impossible;
      }
      for (Rest* rest : {&a, &b}) {
        rest->back().text.resize(rest->back().text.size() - n);
        if (rest->back().text.empty()) rest->drop_back();
      }
      return Step::done;
    }
    if (x.kind == Kind::number && y.kind == Kind::number) {
      if (!begins_with_digits(a) || !begins_with_digits(b)) return Step::stuck;
      overlap.equal.push_back(equal(x.expr, y.expr));
      return a.drop_back(), b.drop_back(), Step::done;
    }
    if (x.kind == Kind::number && y.kind == Kind::text) return back_number(a, b);
    if (x.kind == Kind::text && y.kind == Kind::number) return back_number(b, a);
    return Step::stuck;
  }

  Step back_number(Rest& number, Rest& text) {
    if (!begins_with_digits(number)) return Step::stuck;
    std::string& from = text.back().text;
    std::size_t begin = from.size();
    while (begin > 0 && is_digit(from[begin - 1])) --begin;
    if (begin == 0 && text.size() > 1) return Step::stuck;
    if (begin > 0 && from[begin - 1] == '-') --begin;
    return take_number(
        number, text, from.substr(begin), [&] { from.resize(begin); }, &Rest::drop_back);
  }
};

class Search {
 public:
  Search(std::size_t& steps) : steps_(steps) {}

  std::vector<KeyOverlap> run(Matching start) {
    explore(std::move(start));
    if (too_many_) return {KeyOverlap{{}, false}};
    return std::move(found_);
  }

 private:
  void explore(Matching at) {
    ++steps_;
    if (++branches_ > max_branches) too_many_ = true;
    if (too_many_) return;
    if (at.match_fronts() == Matching::Step::impossible) return;
    if (at.a.size() == 1 && at.b.size() == 1) at.match_wholes();
    // An empty rest cannot be equal to one that holds a text or a number; names and strings may be empty.
    for (auto [rest, other] : {std::pair(&at.a, &at.b), std::pair(&at.b, &at.a)}) {
      if (!rest->empty()) continue;
      for (std::size_t i = other->first; i < other->pieces.size(); ++i) {
        if (other->pieces[i].kind == Kind::text || other->pieces[i].kind == Kind::number) return;
      }
    }
    if (branch(at, &Matching::a) || branch(at, &Matching::b)) return;
    if (at.match_backs() == Matching::Step::impossible) return;
    if (at.a.size() == 1 && at.b.size() == 1) at.match_wholes();
    at.overlap.exact = at.overlap.exact && at.a.empty() && at.b.empty();
    found_.push_back(std::move(at.overlap));
    too_many_ = too_many_ || found_.size() > max_overlaps;
  }

  /// Each name that may stand at the front of a rest, one after the other.
  bool branch(const Matching& at, Rest Matching::*side) {
    const Rest& rest = at.*side;
    if (rest.empty() || rest.pieces[rest.first].kind != Kind::choice) return false;
    for (const std::string& name : rest.pieces[rest.first].names) {
      Matching next = at;
      Rest& named = next.*side;
      next.overlap.equal.push_back(equal(named.front().expr, literal(Value(name))));
      named.front() = {Kind::text, name, {}, {}};
      if (name.empty()) {
        named.drop_front();
      } else if (named.size() > 1 && named.pieces[named.first + 1].kind == Kind::text) {
        named.pieces[named.first + 1].text.insert(0, name);
        named.drop_front();
      }
      explore(std::move(next));
    }
    return true;
  }

  std::size_t& steps_;
  std::size_t branches_ = 0;
  bool too_many_ = false;
  std::vector<KeyOverlap> found_;
};

}  // namespace

std::vector<KeyOverlap> key_overlaps(const Sorts& sorts, const KeyTemplate& a, const KeyTemplate& b,
                                     std::size_t& steps) {
  Matching start;
  start.a.pieces = key_pieces(sorts, a, 0);
  start.b.pieces = key_pieces(sorts, b, 1);
  steps += start.a.pieces.size() + start.b.pieces.size();
  return Search(steps).run(std::move(start));
}

}  // namespace omap
