#include "text/schema.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace spar::host;

namespace {

/// What is wrong with a component "x" that has one parameter.
std::string fault_of(const std::string &name, const Json &parameter) {
    const Json schema = {{"type", "object"},
                         {"properties", {{"type", {{"const", "x"}}}, {name, parameter}}}};
    return schema_fault(schema, "x");
}

bool has(const std::string &text, const std::string &part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a default outside of its own bounds is a fault of the schema") {
    const Json number = {{"type", "number"}, {"minimum", 0}, {"maximum", 1}};
    const auto with_default = [](Json schema, const Json &value) {
        schema["default"] = value;
        return schema;
    };
    CHECK(fault_of("a", with_default(number, 0.5)) == "");
    CHECK(has(fault_of("a", with_default(number, 5)), "#/properties/a/default: expected"));
    CHECK(has(fault_of("a", with_default(number, "text")), "default"));
    CHECK(has(fault_of("a", with_default({{"type", "integer"}}, 1.5)), "default"));
    CHECK(has(fault_of("a", with_default({{"type", "number"}, {"exclusiveMinimum", 0}}, 0)),
              "default"));
    CHECK(has(fault_of("a", with_default({{"type", "string"}, {"enum", {"b", "c"}}}, "d")),
              "default"));
    CHECK(has(fault_of("a", with_default({{"type", "array"}, {"minItems", 2}}, Json::array({1}))),
              "default"));
    CHECK(fault_of("a", with_default({{"type", "object"}, {"x-spar-kind", "attack"}},
                                     {{"type", "pgd"}})) == "");
}

TEST_CASE("a default that is a component says which") {
    const auto one = [](const Json &node) {
        return fault_of("a", {{"type", "object"}, {"x-spar-kind", "loss"}, {"default", node}});
    };
    const auto list = [](const Json &nodes) {
        return fault_of("a", {{"type", "array"},
                              {"items", {{"type", "object"}, {"x-spar-kind", "loss"}}},
                              {"default", nodes}});
    };
    CHECK(one({{"type", "kl"}}) == "");
    CHECK(has(one({{"type", 5}}), "#/properties/a/default: expected a component"));
    CHECK(has(one(Json::object()), "#/properties/a/default: expected a component"));
    CHECK(list(Json::array({{{"type", "kl"}}})) == "");
    CHECK(has(list(Json::array({{{"type", "kl"}}, {{"weight", 1}}})),
              "#/properties/a/default/1: expected a component"));
}

TEST_CASE("a parameter's name is a word of small letters, and not the host's own") {
    CHECK(fault_of("learning_rate2", {{"type", "number"}}) == "");
    for (const char *name : {"My Param", "", "Steps", "2nd", "a-b", "\n"})
        CHECK(has(fault_of(name, {{"type", "number"}}), "lower-case letters"));
    CHECK(has(fault_of(std::string(65, 'a'), {{"type", "number"}}), "at most 64"));
    CHECK(has(fault_of("plugin", {{"type", "string"}}), "the host's"));
}
