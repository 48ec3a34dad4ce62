// Orders, intervals: the small arithmetic of an evaluation.
#include "plugin_loader.hpp"

#include "run/evaluate.hpp"

#include <cmath>

using namespace spar;

TEST_CASE("Wilson's interval is the one in the books") {
    // Newcombe 1998, table I: 81 of 263 is 0.2553 to 0.3662; 15 of 148: 0.0624 to 0.1605; 0 of 20:
    // 0 to 0.1611; 1 of 29: 0.0061 to 0.1718.
    const auto check = [](std::int64_t hits, std::int64_t of, double low, double high) {
        const auto [a, b] = host::share_interval(static_cast<double>(hits) / double(of), of);
        CHECK(a == doctest::Approx(low).epsilon(1e-3).scale(1));
        CHECK(b == doctest::Approx(high).epsilon(1e-3).scale(1));
    };
    check(81, 263, 0.2553, 0.3662);
    check(15, 148, 0.0624, 0.1605);
    check(0, 20, 0.0, 0.1611);
    check(1, 29, 0.0061, 0.1718);
    check(20, 20, 0.8389, 1.0);
    CHECK(std::isnan(host::share_interval(std::nan(""), 10).first));
    CHECK(std::isnan(host::share_interval(0.5, 0).first));
}

TEST_CASE("a shuffle is a permutation that its key alone decides") {
    auto order = host::index_range(10, 1000);
    const auto sorted = order;
    CHECK(order.front() == 10);
    CHECK(order.back() == 1009);
    host::shuffle(order, 1);
    auto again = sorted, other = sorted;
    host::shuffle(again, 1);
    host::shuffle(other, 2);
    CHECK(order == again);
    CHECK(order != other);
    CHECK(order != sorted);
    CHECK(std::is_permutation(order.begin(), order.end(), sorted.begin()));
    std::vector<std::int64_t> none;
    host::shuffle(none, 1);
    CHECK(none.empty());
}

TEST_CASE("every place is equally likely for every example of a shuffle") {
    constexpr int places = 5, rounds = 20000;
    std::array<std::array<int, places>, places> seen{};
    for (int round = 0; round < rounds; ++round) {
        auto order = host::index_range(0, places);
        host::shuffle(order, static_cast<std::uint64_t>(round));
        for (std::size_t i = 0; i < places; ++i) ++seen[i][static_cast<std::size_t>(order[i])];
    }
    for (const auto &row : seen)
        for (const int count : row) CHECK(std::abs(count - rounds / places) < 300);  // 5 sigma
}
