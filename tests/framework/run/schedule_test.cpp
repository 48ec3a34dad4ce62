#include "run/schedule.hpp"

#include <doctest/doctest.h>

#include <cmath>

using namespace spar::host;
using Type = Schedule::Type;

TEST_CASE("constant, with and without a warm-up") {
    Schedule s;
    for (const int t : {0, 50, 99}) CHECK(schedule_factor(s, t, 100, 10) == 1);
    s.warmup_epochs = 2;
    CHECK(schedule_factor(s, 0, 100, 10) == doctest::Approx(0.05));
    CHECK(schedule_factor(s, 9, 100, 10) == doctest::Approx(0.5));
    CHECK(schedule_factor(s, 19, 100, 10) == 1);
    CHECK(schedule_factor(s, 20, 100, 10) == 1);
}

TEST_CASE("a warm-up of its own") {
    CHECK(warmup_factor(0, 0, 10) == 1);
    CHECK(warmup_factor(2, 0, 10) == doctest::Approx(0.05));
    CHECK(warmup_factor(2, 18, 10) == doctest::Approx(0.95));
    CHECK(warmup_factor(2, 19, 10) == 1);
    CHECK(warmup_factor(2, 500, 10) == 1);
}

TEST_CASE("step: one factor of gamma for each milestone, from its first step on") {
    const Schedule s{.type = Type::step, .milestones = {2, 5.5}, .gamma = 0.1};
    CHECK(schedule_factor(s, 19, 100, 10) == 1);
    CHECK(schedule_factor(s, 20, 100, 10) == doctest::Approx(0.1));
    CHECK(schedule_factor(s, 54, 100, 10) == doctest::Approx(0.1));
    CHECK(schedule_factor(s, 55, 100, 10) == doctest::Approx(0.01));
}

TEST_CASE("cosine and linear begin at one and go towards final") {
    Schedule s{.type = Type::cosine, .final = 0.2};
    CHECK(schedule_factor(s, 0, 100, 10) == 1);
    CHECK(schedule_factor(s, 50, 100, 10) == doctest::Approx(0.6));
    CHECK(schedule_factor(s, 25, 100, 10) == doctest::Approx(0.2 + 0.4 * (1 + std::sqrt(0.5))));
    s.type = Type::linear;
    CHECK(schedule_factor(s, 0, 100, 10) == 1);
    CHECK(schedule_factor(s, 50, 100, 10) == doctest::Approx(0.6));
    CHECK(schedule_factor(s, 99, 100, 10) == doctest::Approx(0.208));
    s.warmup_epochs = 5;
    CHECK(schedule_factor(s, 24, 100, 10) == doctest::Approx(0.5));
    CHECK(schedule_factor(s, 50, 100, 10) == 1);
    CHECK(schedule_factor(s, 75, 100, 10) == doctest::Approx(0.6));
}

TEST_CASE("cyclic rises to its peak and falls to final with the last step") {
    const Schedule s{.type = Type::cyclic, .peak = 0.4};
    CHECK(schedule_factor(s, 0, 100, 10) == doctest::Approx(0.025));
    CHECK(schedule_factor(s, 39, 100, 10) == doctest::Approx(1));
    CHECK(schedule_factor(s, 69, 100, 10) == doctest::Approx(0.5));
    CHECK(schedule_factor(s, 99, 100, 10) == doctest::Approx(0).epsilon(1e-12));
}

TEST_CASE("runs of one step, and warm-ups longer than the run") {
    for (const Type type : {Type::constant, Type::step, Type::cosine, Type::linear, Type::cyclic}) {
        const Schedule s{.type = type, .milestones = {1}};
        const double factor = schedule_factor(s, 0, 1, 1);
        CHECK(factor >= 0);
        CHECK(factor <= 1);
    }
    const Schedule s{.type = Type::cosine, .warmup_epochs = 20};
    CHECK(schedule_factor(s, 99, 100, 10) == doctest::Approx(0.5));
}
