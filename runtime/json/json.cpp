#include "runtime/json/json.h"

#include <nlohmann/json.hpp>
#include <unordered_set>

namespace omap {
namespace {

using Json = nlohmann::ordered_json;

/// Builds a Value from the parser's events, and stops at the first thing that is refused.
class Builder final : public nlohmann::json_sax<Json> {
 public:
  explicit Builder(const JsonLimits& limits) : limits_(limits) {}

  Value root;
  std::string problem;

  bool null() override { return put(Value()); }
  bool boolean(bool value) override { return put(Value(value)); }
  bool number_integer(std::int64_t value) override { return put(Value(value)); }
  bool number_unsigned(std::uint64_t value) override {
    if (value > static_cast<std::uint64_t>(INT64_MAX)) return refuse("an integer exceeds 2^63 - 1");
    return put(Value(static_cast<std::int64_t>(value)));
  }
  bool number_float(double value, const std::string& text) override {
    if (text.find_first_of(".eE") == std::string::npos) return refuse("an integer does not fit 64 bits");
    return put(Value(value));
  }
  bool string(std::string& value) override { return put(Value(std::move(value))); }
  bool binary(binary_t&) override { return refuse("binary data"); }
  bool start_object(std::size_t) override { return open(Open{{}, {}, true, {}, {}}); }
  bool start_array(std::size_t) override { return open(Open{{}, {}, false, {}, {}}); }
  bool key(std::string& name) override {
    if (!open_.back().names.insert(name).second) return refuse("`" + name + "` stands twice in an object");
    open_.back().key = std::move(name);
    return true;
  }
  bool end_object() override {
    Value::Object object = std::move(open_.back().object);
    open_.pop_back();
    return put(Value(std::move(object)));
  }
  bool end_array() override {
    Value::List list = std::move(open_.back().list);
    open_.pop_back();
    return put(Value(std::move(list)));
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception& error) override {
    const std::string_view what = error.what();
    const std::size_t text = what.find("] ");
    return refuse(std::string(text == std::string_view::npos ? what : what.substr(text + 2)));
  }

 private:
  struct Open {
    Value::List list;
    Value::Object object;
    bool is_object;
    std::string key;
    std::unordered_set<std::string> names;
  };

  bool refuse(std::string why) {
    problem = std::move(why);
    return false;
  }
  bool open(Open container) {
    if (open_.size() == limits_.depth) return refuse("it is nested too deep");
    open_.push_back(std::move(container));
    return true;
  }
  bool put(Value value) {
    if (open_.empty()) {
      root = std::move(value);
    } else if (open_.back().is_object) {
      open_.back().object.emplace_back(std::move(open_.back().key), std::move(value));
    } else {
      open_.back().list.push_back(std::move(value));
    }
    return true;
  }

  const JsonLimits& limits_;
  std::vector<Open> open_;
};

Json to_json(const Value& value) {
  if (const bool* b = value.boolean()) return *b;
  if (const std::int64_t* i = value.integer()) return *i;
  if (const double* d = value.real()) return *d;
  if (const std::string* s = value.string()) return *s;
  if (const Value::List* list = value.list()) {
    Json json = Json::array();
    for (const Value& item : *list) json.push_back(to_json(item));
    return json;
  }
  if (const Value::Object* object = value.object()) {
    // Names are unique already: the vector beneath saves a search for each.
    Json::object_t members;
    auto& pairs = static_cast<std::vector<Json::object_t::value_type, Json::object_t::allocator_type>&>(members);
    for (const auto& [name, member] : *object) pairs.emplace_back(name, to_json(member));
    return members;
  }
  return nullptr;
}

std::string dump(const Value& value, int indent) {
  return to_json(value).dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

Result<Value> parse_json(std::string_view text, std::string_view subject, const JsonLimits& limits) {
  const auto refuse = [&](std::string_view why) {
    return fail(Diagnostic(Code::json_invalid, "not valid JSON: {}", why).in(std::string(subject)));
  };
  if (text.size() > limits.bytes) return refuse(fmt::format("more than {} bytes", limits.bytes));
  Builder builder(limits);
  if (!Json::sax_parse(text.begin(), text.end(), &builder)) return refuse(builder.problem);
  return std::move(builder.root);
}

std::string dump_json(const Value& value) { return dump(value, -1); }
std::string dump_json_indented(const Value& value) { return dump(value, 2); }

}  // namespace omap
