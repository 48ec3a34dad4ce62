#include "text/parse.hpp"

#include "plugin_loader.hpp"

#include "base/fraction.hpp"
#include "base/problems.hpp"
#include "text/synonyms.hpp"

#include <sys/stat.h>

using namespace spar::host;
using spar::test::failure_of;
using spar::test::Folder;

namespace {

std::string fault_of(const std::string &text) {
    const Failure failure = failure_of([&] { parse_json(text, "p.json"); });
    CHECK(failure.exit() == Exit::pipeline);
    return failure.what();
}

bool has(const std::string &text, const std::string &part) {
    INFO(text);
    return text.find(part) != std::string::npos;
}

std::string file_fault(const std::string &file) {
    return failure_of([&] { read_text(file); }).what();
}

}  // namespace

TEST_CASE("values as they were written, in their order") {
    const std::string text = R"({"z":1,"a":[true,null,-2,0.5,1e3,"\u00e4"],"m":{"b":{},"a":[]}})";
    CHECK(parse_json(text, "p").dump() ==
          R"({"z":1,"a":[true,null,-2,0.5,1000.0,"ä"],"m":{"b":{},"a":[]}})");
    CHECK(parse_json("\xEF\xBB\xBF{\"a\":1}", "p").at("a") == 1);
    CHECK(parse_json("9223372036854775807", "p") == 9223372036854775807);
    CHECK(parse_json("-9223372036854775808", "p").is_number_integer());
    CHECK(parse_json("[0e5, 0.0e-999, -0.0]", "p").size() == 3);
}

TEST_CASE("malformed text, with its line and column") {
    CHECK(has(fault_of("{\"a\": 1,\n \"b\" 2}"), "p.json:2:6: syntax error"));
    CHECK(has(fault_of("{\"\xC3\xA4\xC3\xA4\": x}"), "p.json:1:8:"));
    CHECK(has(fault_of("[1, 2"), "unexpected end of input"));
    CHECK(has(fault_of("[1] 2"), "p.json:1:5:"));
    CHECK(has(fault_of(std::string("[1,\0]", 5)), "p.json:1:4:"));
    CHECK(has(fault_of("[NaN]"), "invalid literal"));
    CHECK(has(fault_of("[Infinity]"), "invalid literal"));
    CHECK(has(fault_of("[01]"), "p.json:1:3:"));
    CHECK(has(fault_of("{'a': 1}"), "p.json:1:2:"));
    CHECK(has(fault_of("\"\xff\""), "ill-formed UTF-8"));
    CHECK(has(fault_of("\"\\ud800\""), "surrogate"));
    CHECK(has(fault_of("\"a\nb\""), "control character"));
    CHECK(has(fault_of("\xFF\xFE{\0}\0"), "UTF-16"));
    CHECK(has(fault_of(""), "is empty"));
    CHECK(has(fault_of(" \n\t "), "is empty"));
    CHECK(fault_of(std::string(1 << 20, 'a')).size() < 1000);
    CHECK(fault_of("\"" + std::string(1 << 20, 'a')).size() < 1000);
}

TEST_CASE("comments and a comma after the last element are ignored") {
    CHECK(parse_json("// a\n[1, /* b, */ 2, // c ]\n]", "p") == Json({1, 2}));
    CHECK(parse_json("{\"a\": [1,], \"b\": {\"c\": 2 , /* d */ }, // e\n}", "p").dump() ==
          R"({"a":[1],"b":{"c":2}})");
    // Texts are what they are.
    CHECK(parse_json(R"(["// no", "/* no */", ",]", "\",}", "\\",])", "p").dump() ==
          R"(["// no","/* no */",",]","\",}","\\"])");
    CHECK(parse_json("1 // end", "p") == 1);
    // Lines and columns are those of the file.
    CHECK(has(fault_of("// x, y\n{\"a\": [1,\n ], b}"), "p.json:3:5:"));
    for (const char *text : {"[,]", "{,}", "[1,,]", "[1,,2]", "[,1]", "{\"a\":,}", "{\"a\",}", "1,",
                             "[1,", ",", "[1 /* never closed ]", "[1 / 2]", "/", "// only"})
        CHECK(has(fault_of(text), "p.json"));
    CHECK(has(fault_of("{\"a\": 1,,\n}"), "a comma too many?"));
}

TEST_CASE("what other notations write gets a word of how JSON does") {
    CHECK(has(fault_of("{'a': 1}"), "texts need double quotes"));
    CHECK(has(fault_of("{\"a\": True}"), "JSON writes true, false and null"));
    CHECK(has(fault_of("{a: 1}"), "names and texts need double quotes"));
    CHECK(has(fault_of("# comment\n{}"), "comments begin with //"));
    CHECK(has(fault_of("version: 1\n"), "a pipeline begins with \"{\""));
}

TEST_CASE("a fraction of numbers is their quotient") {
    CHECK(fraction("8/255") == 8.0 / 255.0);
    CHECK(fraction("1 / 3") == 1.0 / 3.0);
    CHECK(fraction("-0.5/2e1") == -0.5 / 20);
    for (const char *text :
         {"", "8", "8/", "/255", "8/0", "8/-1", "8/255/2", "a/b", "8//255", "1e400/1", "1/1e400",
          "1e-300/1e300", "inf/1", "nan/1", " 8/255", "8/255 x", "0x8/255", "1,5/2"})
        CHECK_FALSE(fraction(text));
}

TEST_CASE("keys of other tools lead to ours") {
    CHECK(synonym("learning_rate", {"momentum", "lr"}) == "lr");
    CHECK(synonym("epsilon", {"norm", "eps"}) == "eps");
    CHECK(synonym("alpha", {"steps", "step_size"}) == "step_size");
    CHECK(synonym("kernel_size", {"out", "kernel"}) == "kernel");
    CHECK(synonym("Batch-Size", {"batch_size"}) == "batch_size");
    CHECK(synonym("learning_rate", {"momentum"}).empty());
    CHECK(synonym("zzz", {"lr"}).empty());
}

TEST_CASE("what the library would let pass") {
    CHECK(fault_of(R"({"a":1,"a":2})") == "p.json#/a: the key is given twice");
    CHECK(fault_of(R"({"b":[{"x/y":1},{"x/y":{"~":1,"~":1}}]})") ==
          "p.json#/b/1/x~1y/~0: the key is given twice");
    CHECK(fault_of(R"({"a":1e400})") == "p.json#/a: the number 1e400 is too large for a double");
    CHECK(fault_of("[0,-1e999]") == "p.json#/1: the number -1e999 is too large for a double");
    CHECK(fault_of("[1e-400]") == "p.json#/0: the number 1e-400 is too small for a double");
    CHECK(fault_of("18446744073709551616") ==
          "p.json#: the integer 18446744073709551616 does not fit into 64 bits");
    CHECK(has(fault_of("[18446744073709551615]"), "does not fit"));
    CHECK(has(fault_of("[-9223372036854775809]"), "does not fit"));
    CHECK(has(fault_of(R"({"n":1000000000000000000000000000000})"), "p.json#/n"));
}

TEST_CASE("everything wrong at once") {
    const std::string all = fault_of(R"({"a":1,"a":2,"b":18446744073709551615,"c":[1e-999]})");
    CHECK(has(all, "p.json#/a: "));
    CHECK(has(all, "p.json#/b: "));
    CHECK(has(all, "p.json#/c/0: "));
}

TEST_CASE("nesting has a bound") {
    const auto nested = [](std::size_t depth) {
        return std::string(depth, '[') + std::string(depth, ']');
    };
    CHECK_NOTHROW(parse_json(nested(deepest_nesting), "p"));
    CHECK(has(fault_of(nested(deepest_nesting + 1)), "nests deeper than 64 levels"));
    CHECK(has(fault_of(nested(100000)), "nests deeper than 64 levels"));
    CHECK(has(fault_of(std::string(100000, '[')), "nests deeper than 64 levels"));
    std::string objects;
    for (int i = 0; i < 100000; ++i) objects += "{\"a\":";
    CHECK(has(fault_of(objects), "nests deeper than 64 levels"));
}

TEST_CASE("an object has a bound, and a long list is no trouble") {
    std::string members = "{";
    for (int i = 0; i < 10001; ++i) members += "\"k" + std::to_string(i) + "\":0,";
    CHECK(has(fault_of(members + "\"z\":0}"), "at most 10000 members"));
    std::string list = "[0";
    for (int i = 0; i < 1000000; ++i) list += ",0";
    CHECK(parse_json(list + "]", "p").size() == 1000001);
}

TEST_CASE("files that are no text") {
    const Folder folder;
    CHECK(read_text(folder.write("a.json", "{}")) == "{}");
    CHECK(read_text(folder.write("empty.json", "")).empty());
    CHECK(has(file_fault(folder / "missing.json"), "No such file"));
    CHECK(has(file_fault(folder.path().string()), "is a folder"));
    CHECK(has(file_fault("/dev/zero"), "is not a regular file"));
    REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
    CHECK(read_text(folder / "pipe").empty());  // no writer: not waited for
    const std::string large = folder.write("large.json", "");
    std::filesystem::resize_file(large, (16U << 20) + 1);
    CHECK(has(file_fault(large), "at most 16 MiB"));
}
