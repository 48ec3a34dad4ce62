#include "run/splits.hpp"

#include "plugin_loader.hpp"
#include "run/evaluate.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>
#include <set>

using namespace spar;
using namespace spar::host;
using namespace spar::test;

namespace {

/// 100 strokes, ten of each class.
const Data &digits() {
    static const Json node = Json::parse(R"({"type":"digits","examples":100,"seed":5})");
    static const Data data(Builder(registry(), 1, [](const std::string &, const std::string &text) {
                               return text;
                           }).build(SPAR_KIND_DATASET, node, "/data/train"));
    return data;
}

std::vector<std::int64_t> counts(const std::vector<std::int64_t> &chosen) {
    Batch batch;
    digits().read(chosen, batch);
    std::vector<std::int64_t> counts(10);
    for (const std::int64_t label : batch.labels) ++counts[static_cast<std::size_t>(label)];
    return counts;
}

}  // namespace

TEST_CASE("drawn examples: each class its share, by the key alone") {
    const auto all = index_range(0, 100);
    const auto whole = counts(all);
    const auto chosen = choose_examples(digits(), all, 50, Split::drawn, 7);
    REQUIRE(chosen.size() == 50);
    CHECK(std::ranges::is_sorted(chosen));
    CHECK(std::set(chosen.begin(), chosen.end()).size() == 50);
    const auto half = counts(chosen);
    for (std::size_t c = 0; c < 10; ++c) {
        CHECK(2 * half[c] >= whole[c] - 1);
        CHECK(2 * half[c] <= whole[c] + 1);
    }
    CHECK(chosen == choose_examples(digits(), all, 50, Split::drawn, 7));
    CHECK(chosen != choose_examples(digits(), all, 50, Split::drawn, 8));
    const auto rest = remaining(all, chosen);
    CHECK(rest.size() == 50);
    for (const std::int64_t index : rest) CHECK(!std::ranges::binary_search(chosen, index));
}

TEST_CASE("the first, the last, and more than there are") {
    const auto all = index_range(0, 100);
    CHECK(choose_examples(digits(), all, 3, Split::first, 1) == std::vector<std::int64_t>{0, 1, 2});
    CHECK(choose_examples(digits(), all, 3, Split::last, 1) ==
          std::vector<std::int64_t>{97, 98, 99});
    for (const Split split : {Split::drawn, Split::first, Split::last})
        CHECK(choose_examples(digits(), all, 1000, split, 1) == all);
    for (const std::int64_t few : {1, 7, 99})
        CHECK(std::ssize(choose_examples(digits(), all, few, Split::drawn, 3)) == few);
}

TEST_CASE("how well values are fitted") {
    Fit fit;
    const std::vector<float> outputs{1, 2, 3, 5}, values{1, 2, 3, 4};
    fit.add(outputs, values);
    CHECK(fit.rmse() == doctest::Approx(0.5));
    CHECK(fit.r2() == doctest::Approx(1 - 1.0 / 5.0));
    CHECK(std::isnan(Fit().rmse()));
    Fit constant;
    constant.add(outputs, std::vector<float>(4, 2.0F));
    CHECK(std::isnan(constant.r2()));
}
