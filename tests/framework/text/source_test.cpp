#include "text/source.hpp"

#include "plugin_loader.hpp"

#include "base/problems.hpp"

#include <cstdlib>

using namespace spar::host;
using spar::test::failure_of;
using spar::test::Folder;

namespace {

Json extended(const std::string &file) {
    return read_source(file).root;
}

/// A text with settings and variables put in.
Source substituted(const std::string &text, const std::vector<Setting> &settings = {}) {
    Source source = parse_source(text, {"/here", "p.json"});
    apply_settings(source, settings);
    substitute_variables(source);
    return source;
}

std::string fault_of(const std::string &text, const std::vector<Setting> &settings = {}) {
    return failure_of([&] { substituted(text, settings); }).what();
}

bool has(const std::string &text, const std::string &part) {
    INFO(text);
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a file extends others, from left to right") {
    const Folder folder;
    folder.write("a.json", R"({"x":1,"o":{"p":1,"q":[1,2]},"gone":1})");
    folder.write("b.json", R"({"x":2,"o":{"r":3}})");
    const std::string file = folder.write(
        "c.json", R"({"extends":["a.json","b.json"],"o":{"q":[3]},"gone":null,"new":{"k":1}})");
    CHECK(extended(file) == Json::parse(R"({"x":2,"o":{"p":1,"q":[3],"r":3},"new":{"k":1}})"));
    CHECK(extended(folder.write("d.json", R"({"extends":"a.json"})")) ==
          Json::parse(R"({"x":1,"o":{"p":1,"q":[1,2]},"gone":1})"));
}

TEST_CASE("a changed type replaces the node") {
    const Folder folder;
    folder.write("a.json", R"({"n":{"type":"sgd","lr":1,"momentum":0.9},"m":{"type":"x","k":1}})");
    const std::string file = folder.write(
        "b.json", R"({"extends":"a.json","n":{"type":"adam","lr":2},"m":{"type":"x","j":2}})");
    CHECK(extended(file) ==
          Json::parse(R"({"n":{"type":"adam","lr":2},"m":{"type":"x","k":1,"j":2}})"));
}

TEST_CASE("extending without an end") {
    const Folder folder;
    folder.write("a.json", R"({"extends":"b.json"})");
    const std::string b = folder.write("b.json", R"({"extends":["a.json"]})");
    CHECK(has(failure_of([&] { extended(b); }).what(), "extends itself"));
    const std::string self = folder.write("self.json", R"({"extends":"./self.json"})");
    CHECK(has(failure_of([&] { extended(self); }).what(), "extends itself"));
    for (int i = 0; i < 40; ++i)
        folder.write(std::to_string(i) + ".json", R"({"extends":[")" + std::to_string(i + 1) +
                                                      R"(.json",")" + std::to_string(i + 1) +
                                                      R"(.json"]})");
    folder.write("40.json", "{}");
    CHECK(has(failure_of([&] { extended(folder / "0.json"); }).what(), "too many files"));
    CHECK(has(failure_of([&] { extended(folder / "30.json"); }).what(), "too many files"));
}

TEST_CASE("files to extend that are no good are named") {
    const Folder folder;
    const auto fault = [&](const std::string &text) {
        const std::string file = folder.write("p.json", text);
        return std::string(failure_of([&] { extended(file); }).what());
    };
    folder.write("bad.json", "{");
    folder.write("list.json", "[]");
    CHECK(has(fault(R"({"extends":"none.json"})"), "p.json#/extends/0: the file"));
    CHECK(has(fault(R"({"extends":"bad.json"})"), "bad.json:1:"));
    CHECK(has(fault(R"({"extends":"list.json"})"), "list.json: expected a JSON object"));
    CHECK(has(fault(R"({"extends":7})"), "/extends: expected a file's name"));
    CHECK(has(fault(R"({"extends":["bad.json",{}]})"), "/extends"));
    CHECK(has(fault(R"({"extends":"."})"), "is a folder"));
}

TEST_CASE("every value remembers its file") {
    const Folder folder;
    std::filesystem::create_directory(folder.path() / "sub");
    folder.write("sub/base.json", R"({"d":{"a":"x","b":"y"},"l":["z"],"v":"w"})");
    const std::string file =
        folder.write("p.json", R"({"extends":"sub/base.json","d":{"b":"mine"},"n":["own"]})");
    Source source = read_source(file);
    const std::filesystem::path top = std::filesystem::canonical(folder.path());
    CHECK(source.origins.at("/d/a").folder == top / "sub");
    CHECK(source.origins.at("/d/b").folder == top);
    CHECK(source.origins.at("/l/0").folder == top / "sub");
    CHECK(source.origins.at("/n/0").folder == top);
    CHECK(has(source.origins.at("/d/a").label, "base.json"));
    apply_settings(source, {{"d.a", "changed"}, {"l", "[\"new\"]"}});
    CHECK(source.origins.at("/d/a").folder == std::filesystem::current_path());
    CHECK(source.origins.at("/l/0").label == "--set l");
    CHECK(source.origins.at("/v").folder == top / "sub");
}

TEST_CASE("settings of the command line") {
    const std::string text = R"({"a":{"b":1,"l":[{"x":1},{"x":2}]},"s":"t"})";
    const auto set = [&](const std::string &path, const std::string &value) {
        return substituted(text, {{path, value}}).root;
    };
    CHECK(set("a.b", "3").at("a").at("b") == 3);
    CHECK(set("a.b", "word").at("a").at("b") == "word");
    CHECK(set("a.b", "\"3\"").at("a").at("b") == "3");
    CHECK(set("a.b", "{\"c\":[true]}").at("a").at("b").at("c").at(0) == true);
    CHECK(set("a.b", "").at("a").at("b") == "");
    CHECK(set("a.l.1.x", "9").at("a").at("l").at(1).at("x") == 9);
    CHECK(set("/a/l/1/x", "9").at("a").at("l").at(1).at("x") == 9);
    CHECK(set("n.e.w", "1").at("n").at("e").at("w") == 1);
    CHECK(!set("a.b", "null").at("a").contains("b"));
    CHECK(has(fault_of(text, {{"a.l.2.x", "1"}}), "no element of a list of 2"));
    CHECK(has(fault_of(text, {{"a.l.-1", "1"}}), "no element"));
    CHECK(has(fault_of(text, {{"a.l.x", "1"}}), "no element"));
    CHECK(has(fault_of(text, {{"s.t", "1"}}), "nothing to set inside of /s"));
    CHECK(has(fault_of(text, {{"a..b", "1"}}), "is empty"));
    CHECK(has(fault_of(text, {{"/", "1"}}), "is empty"));
    CHECK(has(fault_of(text, {{"a.b", "{\"c\":"}}), "--set a.b:1:"));
    CHECK(has(fault_of(text, {{"a.b", "{\"c\":1,\"c\":2}"}}), "given twice"));
    CHECK(has(fault_of(text, {{"a.b", "99999999999999999999"}}), "does not fit"));
    CHECK(has(fault_of(text, {{"a.b", "\xff"}}), "not UTF-8"));
}

TEST_CASE("variables keep their type, or become text") {
    const Json root =
        substituted(R"({"vars":{"eps":0.3,"l":[1,{"k":"${n}"}],"n":"abc","d":"${n}/x"},
        "a":"${eps}","b":"e=${eps}","c":"${l}","d":"${d}/${n}","e":["${n}"],"f":"$${n} $$ $"})")
            .root;
    CHECK(root == Json::parse(R"({"a":0.3,"b":"e=0.3","c":[1,{"k":"abc"}],"d":"abc/x/abc",
        "e":["abc"],"f":"${n} $$ $"})"));
    ::setenv("SPAR_TEST_WORD", "from outside", 1);
    CHECK(substituted(R"({"a":"${env:SPAR_TEST_WORD}!"})").root.at("a") == "from outside!");
    CHECK(substituted(R"({"vars":{"x":1},"a":"${x}"})", {{"vars.x", "[2]"}}).root.at("a") ==
          Json::parse("[2]"));
}

TEST_CASE("a path that begins with a variable is relative to where that was written") {
    Source source = parse_source(R"({"vars":{"root":"data"},"a":"${root}/x","b":"y/${root}"})",
                                 {"/file", "p.json"});
    apply_settings(source, {{"vars.root", "mine"}});
    substitute_variables(source);
    CHECK(source.origins.at("/a").folder == std::filesystem::current_path());
    CHECK(source.origins.at("/b").folder == "/file");
}

TEST_CASE("variables that are wrong") {
    CHECK(has(fault_of(R"({"vars":{"eps":1},"a":"${esp}","b":"${eps}"})"),
              "p.json#/a: the variable \"esp\" is not defined in \"vars\"; did you mean \"eps\"?"));
    const Source unused = substituted(R"({"vars":{"x":1,"y":2},"a":"${y}"})");
    REQUIRE(unused.warnings.size() == 1);
    CHECK(unused.warnings[0].place == "#/vars/x");
    CHECK(has(unused.warnings[0].message, "this variable is not used"));
    CHECK(has(fault_of(R"({"vars":{"x":"${y}","y":"${x}"},"a":"${x}"})"), "made of itself"));
    CHECK(has(fault_of(R"({"vars":{"x":"${x}"},"a":"${x}"})"), "made of itself"));
    CHECK(has(fault_of(R"({"vars":{"x":[1]},"a":"v${x}"})"), "cannot be put inside a text"));
    CHECK(has(fault_of(R"({"a":"${x"})"), "without \"}\""));
    CHECK(has(fault_of(R"({"a":"${env:SPAR_TEST_NOT_SET}"})"), "is not set"));
    CHECK(has(fault_of(R"({"vars":[1]})"), "p.json#/vars: expected an object"));
    ::setenv("SPAR_TEST_BYTES", "\xff", 1);
    CHECK(has(fault_of(R"({"a":"${env:SPAR_TEST_BYTES}"})"), "not UTF-8"));
}

TEST_CASE("variables that double one another have a bound") {
    std::string vars = R"("v0":"xxxxxxxxxxxxxxxx")";
    for (int i = 1; i < 40; ++i) {
        const std::string before = "${v" + std::to_string(i - 1) + "}";
        vars += ",\"v" + std::to_string(i) + "\":\"" + before + before + "\"";
    }
    CHECK(has(fault_of("{\"vars\":{" + vars + "},\"a\":\"${v39}\"}"), "beyond 1 MiB"));
    std::string lists = R"("v0":[1,1])";
    for (int i = 1; i < 40; ++i) {
        const std::string before = "\"${v" + std::to_string(i - 1) + "}\"";
        lists += ",\"v" + std::to_string(i) + "\":[" + before + "," + before + "]";
    }
    CHECK(has(fault_of("{\"vars\":{" + lists + "},\"a\":\"${v39}\"}"), "beyond 1 MiB"));
}
