#include "plan/check.hpp"

#include "../toys.hpp"

#include "text/schema.hpp"
#include "text/source.hpp"

using namespace spar::host;
using namespace spar::test;

namespace {

/// What is wrong with a value; the value with its defaults stays in it.
std::string faults_in(Json &node, const Json &schema) {
    REQUIRE(schema_fault(schema, "toy") == "");
    const Origins origins({"/folder", "p"});
    Checker checker(toys(), origins);
    checker.check(node, schema, schema, "");
    std::string text;
    for (const Problem &problem : checker.problems())
        text += problem.place + ": " + problem.message + "\n";
    return text;
}

Json schema_with(const char *properties, const char *required = "[]",
                 const char *definitions = "{}") {
    Json schema = Json::parse(R"({"type":"object","additionalProperties":false})");
    schema["properties"] = Json::parse(properties);
    schema["properties"]["type"] = {{"const", "toy"}};
    schema["required"] = Json::parse(required);
    schema["definitions"] = Json::parse(definitions);
    return schema;
}

std::string faults(const char *properties, const char *value, const char *required = "[]",
                   const char *definitions = "{}") {
    Json node = Json::parse(value);
    return faults_in(node, schema_with(properties, required, definitions));
}

}  // namespace

TEST_CASE("types, each told apart") {
    const auto of = [](const char *type, const char *value) {
        return faults((R"({"a":{"type":")" + std::string(type) + R"("}})").c_str(),
                      (R"({"a":)" + std::string(value) + "}").c_str());
    };
    const char *values[] = {"{}", "[]", "\"t\"", "1", "1.5", "true", "null"};
    const std::pair<const char *, const char *> fitting[] = {
        {"object", "{}"}, {"array", "[]"},   {"string", "\"t\""}, {"integer", "1"},
        {"number", "1"},  {"number", "1.5"}, {"boolean", "true"}, {"null", "null"}};
    for (const char *type : {"object", "array", "string", "integer", "number", "boolean", "null"}) {
        for (const char *value : values) {
            bool fits = false;
            for (const auto &[t, v] : fitting)
                fits = fits || (std::string(t) == type && std::string(v) == value);
            INFO(type, " ", value);
            CHECK(of(type, value).empty() == fits);
        }
    }
    CHECK(of("integer", "5.0") == "p#/a: expected an integer; found 5\n");
    CHECK(of("string", "[1,2]") == "p#/a: expected a text; found a list of 2\n");
    CHECK(faults(R"({"a":{"type":["string","integer"]}})", R"({"a":true})") ==
          "p#/a: expected a text or an integer; found true\n");
}

TEST_CASE("numbers and their bounds") {
    const char *closed = R"({"a":{"type":"integer","minimum":1,"maximum":10}})";
    CHECK(faults(closed, R"({"a":1})").empty());
    CHECK(faults(closed, R"({"a":10})").empty());
    CHECK(faults(closed, R"({"a":0})") == "p#/a: expected an integer from 1 to 10; found 0\n");
    CHECK(faults(closed, R"({"a":11})") == "p#/a: expected an integer from 1 to 10; found 11\n");
    const char *open = R"({"a":{"type":"number","exclusiveMinimum":0,"exclusiveMaximum":1}})";
    CHECK(faults(open, R"({"a":0.5})").empty());
    CHECK(faults(open, R"({"a":0})") ==
          "p#/a: expected a number greater than 0 and less than 1; found 0\n");
    CHECK(!faults(open, R"({"a":1})").empty());
    const char *wide = R"({"a":{"type":"integer","minimum":1,"maximum":2147483647}})";
    CHECK(faults(wide, R"({"a":0})") == "p#/a: expected an integer at least 1; found 0\n");
    CHECK(faults(wide, R"({"a":3000000000})") ==
          "p#/a: expected an integer from 1 to 2147483647; found 3000000000\n");
}

TEST_CASE("words, constants, texts, lists") {
    CHECK(faults(R"({"a":{"type":"string","enum":["linf","l2"]}})", R"({"a":"linff"})") ==
          "p#/a: expected one of \"linf\", \"l2\"; found the text \"linff\"; did you mean "
          "\"linf\"?\n");
    CHECK(faults(R"({"a":{"const":1}})", R"({"a":2})") == "p#/a: expected 1; found 2\n");
    CHECK(!faults(R"({"a":{"type":"string","minLength":1}})", R"({"a":""})").empty());
    const char *list =
        R"({"a":{"type":"array","items":{"type":"integer"},"minItems":1,"maxItems":2}})";
    CHECK(faults(list, R"({"a":[1]})").empty());
    CHECK(has(faults(list, R"({"a":[]})"), "a list of at least 1 and at most 2 elements"));
    CHECK(has(faults(list, R"({"a":[1,2,3]})"), "found a list of 3"));
    CHECK(faults(list, R"({"a":[1,"x"]})") ==
          "p#/a/1: expected an integer; found the text \"x\"\n");
}

TEST_CASE("keys that are unknown or missing") {
    const char *properties = R"({"eps":{"type":"number"},"steps":{"type":"integer","minimum":1}})";
    CHECK(faults(properties, R"({"epss":1})") ==
          "p#/epss: unknown key; did you mean \"eps\"? (known: eps, steps, type)\n");
    CHECK(faults(properties, R"({"zzzzzz":1})") ==
          "p#/zzzzzz: unknown key (known: eps, steps, type)\n");
    CHECK(faults(properties, "{}", R"(["steps"])") ==
          "p#: the key \"steps\" is missing: an integer at least 1\n");
    CHECK(faults(R"({"m":{"type":"object","additionalProperties":{"type":"integer"}}})",
                 R"({"m":{"a/b":"x"}})") ==
          "p#/m/a~1b: expected an integer; found the text \"x\"\n");
}

TEST_CASE("all problems in one pass") {
    const std::string all = faults(
        R"({"a":{"type":"integer"},"b":{"type":"array","items":{"type":"object","properties":{"c":{"type":"string"}},"additionalProperties":false}}})",
        R"({"a":"x","b":[{"c":1},{"d":2}],"e":3})", R"(["f"])");
    for (const char *place : {"p#/a: ", "p#/b/0/c: ", "p#/b/1/d: ", "p#/e: "})
        CHECK(has(all, place));
    std::string many = "{";
    for (int i = 0; i < 5000; ++i) many += "\"k" + std::to_string(i) + "\":0,";
    const std::string text = faults("{}", (many + "\"z\":0}").c_str());
    CHECK(std::count(text.begin(), text.end(), '\n') == 100);
}

TEST_CASE("defaults, deep ones too") {
    Json node = Json::parse(R"({"o":{}})");
    const Json schema = schema_with(
        R"({"a":{"type":"integer","default":3},
            "o":{"type":"object","properties":{"p":{"type":"object","default":{},
                "properties":{"q":{"type":"string","default":"deep"}}}}},
            "n":{"type":"number"}})");
    CHECK(faults_in(node, schema) == "");
    CHECK(node == Json::parse(R"({"o":{"p":{"q":"deep"}},"a":3})"));
    Json bad = Json::object();
    const Json list =
        schema_with(R"({"a":{"type":"array","items":{"type":"integer"},"default":["x"]}})");
    CHECK(has(faults_in(bad, list), "p#/a/0"));
}

TEST_CASE("parts by their type, also inside themselves") {
    const char *properties = R"({"l":{"type":"array","items":{"$ref":"#/definitions/layer"}}})";
    const char *definitions = R"({"layer":{"oneOf":[
        {"type":"object","properties":{"type":{"const":"dense"},"out":{"type":"integer"}},
         "required":["type","out"],"additionalProperties":false},
        {"type":"object","properties":{"type":{"const":"block"},
         "layers":{"type":"array","items":{"$ref":"#/definitions/layer"}}},
         "required":["type"],"additionalProperties":false}]}})";
    const auto of = [&](const char *value) { return faults(properties, value, "[]", definitions); };
    CHECK(
        of(R"({"l":[{"type":"dense","out":1},{"type":"block","layers":[{"type":"dense","out":2}]}]})")
            .empty());
    CHECK(has(of(R"({"l":[{"type":"block","layers":[{"type":"dense"}]}]})"),
              "p#/l/0/layers/0: the key \"out\" is missing"));
    CHECK(of(R"({"l":[{"type":"dens","out":1}]})") ==
          "p#/l/0/type: nothing here is called \"dens\"; did you mean \"dense\"? (known: dense, "
          "block)\n");
    CHECK(has(of(R"({"l":[{"out":1}]})"), "expected an object with a \"type\"; found one without"));
    CHECK(has(of(R"({"l":[7]})"), "found 7"));
}

TEST_CASE("one of several forms") {
    const char *target =
        R"({"a":{"oneOf":[{"type":"string","enum":["none","next"]},{"type":"integer","minimum":0}]}})";
    CHECK(faults(target, R"({"a":"next"})").empty());
    CHECK(faults(target, R"({"a":3})").empty());
    CHECK(faults(target, R"({"a":-3})") ==
          "p#/a: expected one of \"none\", \"next\" or an integer at least 0; found -3\n");
}

TEST_CASE("files' names become absolute") {
    Json node = Json::parse(R"({"a":"x/../y.bin","b":"/abs","c":["z"]})");
    CHECK(
        faults_in(
            node,
            schema_with(
                R"({"a":{"type":"string","x-spar-path":true},"b":{"type":"string","x-spar-path":true},
                  "c":{"type":"array","items":{"type":"string","x-spar-path":true}}})")) == "");
    CHECK(node == Json::parse(R"({"a":"/folder/y.bin","b":"/abs","c":["/folder/z"]})"));
    CHECK(has(faults(R"({"a":{"type":"string","x-spar-path":true}})", R"({"a":""})"),
              "expected a file's name"));
    Json parts = Json::parse(R"({"a":"x/../y.py:net","b":"y.py","c":"python3","d":"./py"})");
    const std::string colon = R"({"type":"string","x-spar-path-part":"before_colon"})",
                      slash = R"({"type":"string","x-spar-path-part":"with_slash"})";
    const std::string of_all =
        R"({"a":)" + colon + R"(,"b":)" + colon + R"(,"c":)" + slash + R"(,"d":)" + slash + "}";
    CHECK(faults_in(parts, schema_with(of_all.c_str())) == "");
    CHECK(parts ==
          Json::parse(
              R"({"a":"/folder/y.py:net","b":"/folder/y.py","c":"python3","d":"/folder/py"})"));
}

TEST_CASE("components inside of components") {
    const char *attack = R"({"a":{"type":"object","x-spar-kind":"attack"}})";
    Json node = Json::parse(R"({"a":{"type":"chain","attacks":[{"type":"push"}]}})");
    CHECK(faults_in(node, schema_with(attack)) == "");
    CHECK(node.at("a").at("attacks").at(0).at("steps") == 10);
    CHECK(faults(attack, R"({"a":{"type":"chain","attacks":[{"type":"push","stpes":1}]}})") ==
          "p#/a/attacks/0/stpes: unknown key; did you mean \"steps\"? (known: type, steps, "
          "step_size, "
          "start, radii)\n");
    CHECK(
        has(faults(attack, R"({"a":{"type":"psuh"}})"),
            "p#/a/type: no attack is called \"psuh\"; did you mean \"push\"? (known: chain, hall, "
            "push); searched: "));
    CHECK(faults(attack, R"({"a":{"type":"square"}})") ==
          "p#/a/type: \"square\" is a loss; expected an attack\n");
    CHECK(has(faults(attack, R"({"a":{}})"), "found an object without one"));
    CHECK(has(faults(attack, R"({"a":"push"})"), "found the text \"push\""));
    CHECK(has(faults(attack, R"({"a":{"type":7}})"), "p#/a: expected an attack"));
}

TEST_CASE("a default that is made of itself ends in a message") {
    CHECK(
        has(faults(R"({"a":{"type":"object","x-spar-kind":"attack"}})", R"({"a":{"type":"hall"}})"),
            "is a default made of itself?"));
}

TEST_CASE("schemas that are malformed are found out, never followed") {
    const auto fault = [](const char *text) { return schema_fault(Json::parse(text), "toy"); };
    const std::string head = R"({"type":"object","properties":{"type":{"const":"toy"})";
    const auto with = [&](const std::string &rest) { return fault((head + rest).c_str()); };
    CHECK(with("}}") == "");
    CHECK(with(R"(,"a":{"type":"object","deprecated":true,"format":"x"}}})") == "");
    CHECK(has(fault("[]"), "expected a schema"));
    CHECK(has(fault("{}"), "#/type"));
    CHECK(has(fault(R"({"type":"object"})"), "const"));
    CHECK(has(fault(R"({"type":"object","properties":{"type":{"const":"other"}}})"), "\"toy\""));
    for (const char *bad : {R"({"type":7})",
                            R"({"type":[]})",
                            R"({"type":"numbre"})",
                            R"({"minimum":"1"})",
                            R"({"enum":[]})",
                            R"({"enum":1})",
                            R"({"required":[1]})",
                            R"({"required":"a"})",
                            R"({"items":[]})",
                            R"({"items":true})",
                            R"({"properties":[]})",
                            R"({"properties":{"b":1}})",
                            R"({"oneOf":[]})",
                            R"({"oneOf":[1]})",
                            R"({"minItems":-1})",
                            R"({"maxItems":1.5})",
                            R"({"$ref":1})",
                            R"({"$ref":"http://x"})",
                            R"({"$ref":"#/definitions/none"})",
                            R"({"additionalProperties":1})",
                            R"({"x-spar-kind":"atack"})",
                            R"({"x-spar-path":1})",
                            R"({"x-spar-path-part":"x"})",
                            R"({"description":1})",
                            "[]",
                            "true",
                            "null"}) {
        INFO(bad);
        CHECK(with(",\"a\":" + std::string(bad) + "}}").starts_with("#/properties/a"));
    }
    CHECK(has(
        with(
            R"(,"a":{"$ref":"#/definitions/a"}},"definitions":{"a":{"$ref":"#/definitions/b"},"b":{"$ref":"#/definitions/a"}}})"),
        "in a circle"));
    CHECK(has(
        with(R"(},"definitions":{"a":{"oneOf":[{"$ref":"#/definitions/a"},{"type":"null"}]}}})"),
        "in a circle"));
    CHECK(with(R"(},"definitions":{"a":{"type":"array","items":{"$ref":"#/definitions/a"}}}})") ==
          "");
    std::string deep;
    for (int i = 0; i < 100; ++i) deep += R"({"items":)";
    CHECK(has(with(",\"a\":" + deep + "{}" + std::string(100, '}') + "}}"), "too deep"));
}
