// What counts as success, and what is only marginal.
#include <spar/kit/lead.hpp>
#include <spar/verdict.hpp>

#include <doctest/doctest.h>

#include <array>

using spar::Verdict;
using spar::verdict;

namespace {

Verdict untargeted(std::initializer_list<float> outputs, std::int64_t label) {
    return verdict({outputs.begin(), outputs.size()}, label, false);
}
Verdict targeted(std::initializer_list<float> outputs, std::int64_t target) {
    return verdict({outputs.begin(), outputs.size()}, target, true);
}

}  // namespace

TEST_CASE("a lead counts when it is more than 1e-6 of the range of the outputs") {
    CHECK(untargeted({3, 1, 2}, 0) == Verdict::missed);
    CHECK(untargeted({3, 1, 2}, 1) == Verdict::reached);
    CHECK(targeted({3, 1, 2}, 0) == Verdict::reached);
    CHECK(targeted({3, 1, 2}, 1) == Verdict::missed);
    for (const float scale : {1e-20F, 1.0F, 1e20F}) {
        CHECK(untargeted({scale, 1.000003F * scale, 0}, 0) == Verdict::reached);
        CHECK(untargeted({scale, 1.0000005F * scale, 0}, 0) == Verdict::marginal);
        CHECK(targeted({scale, 1.000003F * scale, 0}, 1) == Verdict::reached);
        CHECK(targeted({scale, 1.0000005F * scale, 0}, 1) == Verdict::marginal);
        // The range is that of all outputs, and those far from zero are rounded the more.
        CHECK(untargeted({scale, 1.000003F * scale, -9 * scale}, 0) == Verdict::marginal);
        CHECK(untargeted({9 * scale, 9.000006F * scale, 8.9F * scale}, 0) == Verdict::marginal);
    }
}

TEST_CASE("a tie, no number and a single output are no success") {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const float infinity = std::numeric_limits<float>::infinity();
    CHECK(untargeted({1, 1}, 1) == Verdict::marginal);  // argmax takes the first
    CHECK(untargeted({1, 1}, 0) == Verdict::missed);
    CHECK(untargeted({0, 0, 0}, 2) == Verdict::marginal);
    for (const std::int64_t own : {0, 1, 2}) {
        CHECK(untargeted({nan, nan, nan}, own) != Verdict::reached);
        CHECK(targeted({nan, nan, nan}, own) != Verdict::reached);
        CHECK(untargeted({1, infinity, 0}, own) != Verdict::reached);
    }
    CHECK(untargeted({1}, 0) == Verdict::missed);
    CHECK(untargeted({1}, 1) == Verdict::missed);
    CHECK(verdict({}, 0, false) == Verdict::missed);
}

TEST_CASE("rivals are the largest outputs but the label's, the first of equal ones first") {
    std::vector<float> outputs;
    for (int i = 0; i < 40; ++i) outputs.push_back(static_cast<float>((i * 7) % 13));
    outputs[5] = std::numeric_limits<float>::quiet_NaN();
    std::vector<std::int64_t> expected;
    for (std::int64_t c = 0; c < 40; ++c)
        if (c != 9) expected.push_back(c);
    std::ranges::stable_sort(expected, [&](std::int64_t a, std::int64_t b) {
        const auto value = [&](std::int64_t c) {
            return c == 5 ? -1.0F : outputs[static_cast<std::size_t>(c)];
        };
        return value(a) > value(b);
    });
    for (const std::int64_t count : {0, 1, 2, 9, 38, 39}) {
        std::vector<std::int64_t> found(static_cast<std::size_t>(count));
        spar::rivals(outputs, 9, count, found);
        CHECK(
            std::ranges::equal(found, std::span(expected).first(static_cast<std::size_t>(count))));
    }
}

TEST_CASE("rivals of very many classes are found in no time") {
    constexpr std::int64_t classes = 200000;
    std::vector<float> outputs(classes);
    for (std::int64_t c = 0; c < classes; ++c)
        outputs[static_cast<std::size_t>(c)] = static_cast<float>((c * 7919) % classes);
    std::vector<std::int64_t> found(classes - 1);
    spar::rivals(outputs, 3, classes - 1, found);
    CHECK(std::ranges::is_sorted(found, std::greater{}, [&](std::int64_t c) {
        return outputs[static_cast<std::size_t>(c)];
    }));
}
