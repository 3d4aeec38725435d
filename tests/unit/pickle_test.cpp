#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "runtime/checkpoint/pickle/read_pickle.h"

using namespace omap;

namespace {

using Problem = PickleProblem::Kind;

/// Bytes with NULs in them, as written.
template <std::size_t size>
std::string raw(const char (&text)[size]) {
  return {text, size - 1};
}

tl::expected<Pickle, PickleProblem> read(const std::string& bytes) {
  return read_pickle({bytes.begin(), bytes.end()},
                     [](std::string_view name) { return name.starts_with("good.") || name == "builtins.set"; });
}

PickleProblem refusal(const std::string& bytes) {
  const auto pickle = read(bytes);
  REQUIRE_FALSE(pickle.has_value());
  return pickle.error();
}

}  // namespace

TEST_CASE("numbers and texts of a pickle") {
  // pickle.dumps([None, True, False, 7, 65535, -2, 2**40, -2**40, 2**63 - 1, -2**63, 0.5, "é", b"\0x"], 4)
  const auto pickle =
      read(raw("\x80\x04\x95\x51\0\0\0\0\0\0\0]\x94(N\x88\x89K\x07M\xff\xffJ\xfe\xff\xff\xff\x8a\x06\0\0\0\0\0\x01"
               "\x8a\x06\0\0\0\0\0\xff\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f\x8a\x08\0\0\0\0\0\0\0\x80"
               "G?\xe0\0\0\0\0\0\0\x8c\x02\xc3\xa9\x94"
               "C\x02\0x\x94"
               "e.tail"));
  REQUIRE(pickle.has_value());
  const PickleValue list = pickle->root();
  REQUIRE(list.is(PickleKind::list));
  REQUIRE(list.size() == 13);
  CHECK(list[0].is(PickleKind::none));
  CHECK(list[1].boolean() == true);
  CHECK(list[2].boolean() == false);
  const std::int64_t numbers[] = {7, 65535, -2, 1LL << 40, -(1LL << 40), INT64_MAX, INT64_MIN};
  for (std::size_t i = 0; i < 7; ++i) CHECK(list[3 + i].integer() == numbers[i]);
  CHECK(list[10].is(PickleKind::real));
  CHECK(list[11].text() == "é");
  CHECK(list[12].raw() == std::string_view("\0x", 2));
  CHECK(pickle->length() > 60);
}

TEST_CASE("an integer beyond 64 bits stays bytes, and one of no bytes is 0") {
  const auto magic = read(raw("\x80\x02\x8a\x0al\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."));
  REQUIRE(magic.has_value());
  CHECK(magic->root().is(PickleKind::long_integer));
  CHECK(magic->root().raw() == "l\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19");
  CHECK(read(raw("\x8a\0."))->root().integer() == 0);
  CHECK(read(raw("\x8a\x01\xff."))->root().integer() == -1);
}

TEST_CASE("compound values of a pickle, and what is shared") {
  // {'a': (1, 2, 3), 'b': (that tuple, {}), 'a': set()} with both ways to fill a dict
  const auto pickle = read(
      raw("\x80\x02}q\0(X\x01\0\0\0aq\x01K\x01K\x02K\x03\x87q\x02X\x01\0\0\0bh\x02}\x86uh\x01\x8f(K\x05K\x06\x90s."));
  REQUIRE(pickle.has_value());
  const PickleValue dict = pickle->root();
  REQUIRE(dict.entries() == 3);
  CHECK(dict.key(0).text() == "a");
  CHECK(dict.value(0).size() == 3);
  CHECK(dict.value(1)[0][2].integer() == 3);
  CHECK(dict.value(1)[1].is(PickleKind::dict));
  // A key that stands twice has its last value.
  REQUIRE(dict.find("a").has_value());
  CHECK(dict.find("a")->is(PickleKind::set));
  CHECK((*dict.find("a"))[1].integer() == 6);
  CHECK_FALSE(dict.find("c").has_value());
}

TEST_CASE("objects are data: a global's name, arguments, entries and a state") {
  const auto pickle =
      read(raw("\x80\x02"
               "cgood\nThing\n)R(X\x01\0\0\0kK\x01uX\x01\0\0\0sb."));
  REQUIRE(pickle.has_value());
  const PickleValue object = pickle->root();
  CHECK(object.is(PickleKind::object));
  CHECK(object.name() == "good.Thing");
  CHECK(object.arguments()->size() == 0);
  CHECK(object.find("k")->integer() == 1);
  CHECK(object.state()->text() == "s");
  const auto named = read(raw("\x80\x04\x8c\x04good\x8c\x01x\x93)\x81."));
  REQUIRE(named.has_value());
  CHECK(named->root().name() == "good.x");
  CHECK_FALSE(named->root().state().has_value());
  CHECK(read(raw("c__builtin__\nset\n."))->root().name() == "builtins.set");
  CHECK(read(raw("K\x09Q."))->root()[0].integer() == 9);
}

TEST_CASE("a global that is not allowed is named") {
  for (const std::string& bytes : {raw("\x80\x02"
                                       "cos\nsystem\nX\x02\0\0\0ls\x85R."),
                                   raw("\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x02ls\x85R.")}) {
    const PickleProblem problem = refusal(bytes);
    CHECK(problem.kind == Problem::forbidden);
    CHECK(problem.what == "os.system");
  }
  CHECK(refusal(raw("cbuiltins\nprint\n.")).what == "builtins.print");
}

TEST_CASE("instructions that data does not need are refused") {
  for (const std::string& bytes : {raw("(igood\nThing\n."), raw("(cgood\nx\no."), raw("\x82\x01."), raw("I1\n."),
                                   raw("\x97."), raw("P1\n."), raw("\xff.")}) {
    CAPTURE(bytes);
    CHECK(refusal(bytes).what.find("an instruction that data does not need") != std::string::npos);
  }
  CHECK(refusal(raw("\x80\x06N.")).what == "it is of protocol 6");
}

TEST_CASE("a pickle takes nothing that is not there") {
  for (const std::string& bytes : {raw("."),
                                   raw("a."),
                                   raw("s."),
                                   raw("t."),
                                   raw("u."),
                                   raw("R."),
                                   raw("b."),
                                   raw("0."),
                                   raw("2."),
                                   raw("h\x05."),
                                   raw("q\0."),
                                   raw("\x94."),
                                   raw("(."),
                                   raw("NN."),
                                   raw("(N."),
                                   raw("](Nt."),
                                   raw("NNs."),
                                   raw("}(Ku."),
                                   raw("}(Nu."),
                                   raw("](K\x01K\x02u."),
                                   raw("}K\x01"
                                       "a."),
                                   raw("K\x01)R."),
                                   raw("cgood\nx\nNR."),
                                   raw("NNb."),
                                   raw("NN\x93."),
                                   raw("N(0)."),
                                   raw("(N\x85."),
                                   raw("Nr\xff\xff\xff\xff.")}) {
    CAPTURE(bytes);
    CHECK(refusal(bytes).kind == Problem::malformed);
  }
  CHECK(refusal(raw("\x8c\x02\xc3\x28.")).what == "a text in it is not valid UTF-8");
}

TEST_CASE("a pickle that goes on is cut off, wherever it is cut") {
  const std::string whole =
      raw("\x80\x04\x95\x20\0\0\0\0\0\0\0}\x94(\x8c\x01"
          "aJ\x01\0\0\0X\x01\0\0\0bcgood\nThing\n\x8a\x02\0\x01\x85R\x8c\x01"
          "cC\x03xyzuh\0"
          "0.");
  REQUIRE(read(whole).has_value());
  for (std::size_t length = 0; length < whole.size(); ++length) {
    CAPTURE(length);
    CHECK(refusal(whole.substr(0, length)).kind == Problem::cut_off);
  }
  CHECK(refusal(raw("\x8d\xff\xff\xff\xff\xff\xff\xff\xff.")).kind == Problem::cut_off);
  CHECK(refusal(raw("B\xff\xff\xff\xff.")).kind == Problem::cut_off);
}

TEST_CASE("neither depth nor sharing costs a pickle more than its bytes") {
  std::string deep(1'000'000, ']');
  deep += std::string(999'999, 'a') + ".";
  CHECK(read(deep).has_value());
  // Each list holds the one before it, ten times.
  std::string wide = raw("]q\0");
  for (int i = 0; i < 200; ++i) wide += "](" + raw("h\0h\0h\0h\0h\0h\0h\0h\0h\0h\0") + "e" + raw("q\0");
  wide += ".";
  const auto pickle = read("(" + wide.substr(0, wide.size() - 1) + "t.");
  REQUIRE(pickle.has_value());
  CHECK(pickle->root().size() == 201);
  CHECK(pickle->root()[200].size() == 10);
  // A list that holds itself.
  const auto circle =
      read(raw("]q\0h\0"
               "a."));
  REQUIRE(circle.has_value());
  CHECK(circle->root()[0][0][0].size() == 1);
}
