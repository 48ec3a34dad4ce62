// From a file's names to the model's.
#include "fixtures.hpp"

#include "weights/name_pattern.hpp"
#include "weights/weight_map.hpp"

using namespace spar;
using namespace spar::test;
using host::WeightMap;

namespace {

/// The file's name of a parameter; empty if the file has none.
std::string source(const WeightMap &map, const std::string &parameter) {
    const auto sources = map.sources(parameter);
    REQUIRE(sources.size() == 1);
    return sources[0].there ? sources[0].name : "";
}

std::string fault_of(const host::WeightsMapPlan &plan, const std::vector<std::string> &tensors) {
    try {
        const WeightMap map(plan, tensors);
        return {};
    } catch (const std::runtime_error &error) {
        return error.what();
    }
}

}  // namespace

TEST_CASE("a pattern matches a tensor, or all of a module, with its numbers") {
    const auto filled = [](const std::string &from, const std::string &to,
                           const std::string &name) {
        const auto found = host::match(from, name);
        return found ? host::filled(to, *found) + found->rest : "";
    };
    CHECK(filled("fc", "head", "fc.weight") == "head.weight");
    CHECK(filled("fc", "head", "fc") == "head");
    CHECK(filled("fc", "head", "fc2.weight").empty());
    CHECK(filled("layer{i}.{j}.conv{k}", "b{i}_{j}_{k}", "layer1.20.conv3.bias") == "b1_20_3.bias");
    CHECK(filled("layer{i}.{i}", "x{i}", "layer1.1.bias") == "x1.bias");
    CHECK(filled("layer{i}.{i}", "x{i}", "layer1.2.bias").empty());
    CHECK(filled("a.{i}", "b.{i}", "a.x.bias").empty());
    CHECK(filled("a.{i}", "b.{i}", "a.").empty());
    CHECK(filled("a.{x}", "b.{i}", "a.{x}.w") == "b.{i}.w");
}

TEST_CASE("names lose their prefix, are renamed, and go where the longest entry says") {
    const WeightMap map(
        {.prefix = "module.",
         .rename = {{"fc", "head"}, {"fc.weight", "first"}},
         .ignore = {"aux.*"}},
        {"module.fc.weight", "module.fc.bias", "module.conv.weight", "extra", "module.aux.bias"});
    CHECK(source(map, "first") == "module.fc.weight");
    CHECK(source(map, "head.bias") == "module.fc.bias");
    CHECK(source(map, "conv.weight") == "module.conv.weight");
    CHECK(source(map, "extra") == "extra");
    CHECK(source(map, "fc.weight").empty());
    CHECK(source(map, "module.conv.weight").empty());
    CHECK(map.ignored("module.aux.bias"));
    CHECK(!map.ignored("module.conv.weight"));
}

TEST_CASE("two tensors may change places") {
    const WeightMap map({.rename = {{"a", "b"}, {"b", "a"}}}, {"a.weight", "b.weight"});
    CHECK(source(map, "a.weight") == "b.weight");
    CHECK(source(map, "b.weight") == "a.weight");
}

TEST_CASE("a parameter is joined of tensors by the file's names") {
    const WeightMap map({.prefix = "m.", .join = {{"l.{i}.in", {"l.{i}.q", "l.{i}.k"}}}},
                        {"m.l.0.q", "m.l.0.k", "m.l.1.q"});
    const auto both = map.sources("l.0.in");
    REQUIRE(both.size() == 2);
    CHECK(both[0].name == "m.l.0.q");
    CHECK(both[1].name == "m.l.0.k");
    CHECK(!map.sources("l.1.in")[1].there);
    CHECK(map.idle({"l.0.in"}).empty());
    CHECK(map.idle({"l.in"}) == "l.{i}.in");
}

TEST_CASE("a map that does not fit the file's names is refused with each fault") {
    check_says(fault_of({.prefix = "module."}, {"fc.weight"}),
               {"no name begins with the prefix \"module.\": fc.weight"});
    check_says(fault_of({.rename = {{"head", "fc"}}}, {"fc.weight"}),
               {"there is no \"head\", but \"fc\"", "the file's name comes first"});
    check_says(fault_of({.rename = {{"a", "b"}}}, {"a.weight", "b.weight"}),
               {"\"a.weight\"", "\"b.weight\"", "would be called \"b.weight\""});
    check_says(fault_of({.prefix = "m."}, {"a", "m.a"}), {"would be called \"a\""});
}
