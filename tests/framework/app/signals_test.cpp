// How often a signal was meant that arrives by two routes.
#include "app/signals.hpp"

#include <doctest/doctest.h>

using spar::host::SignalCount;

namespace {
constexpr bool direct = false, passed_on = true;
constexpr pid_t terminal = 0, timeout = 100, shell = 200;
}  // namespace

TEST_CASE("one signal to the group arrives twice and is meant once") {
    SignalCount count;
    CHECK(!count.any());
    CHECK(count.heard(direct, terminal, 0) == 1);
    CHECK(count.heard(passed_on, terminal, 900) == 1);
    CHECK(count.any());
    // The second press of the keys, however soon.
    CHECK(count.heard(passed_on, terminal, 920) == 2);
    CHECK(count.heard(direct, terminal, 930) == 2);
    count.clear();
    CHECK(!count.any());
}

TEST_CASE("a signal to the process and to its group at once is meant once") {
    SignalCount count;
    CHECK(count.heard(passed_on, timeout, 1000) == 1);
    CHECK(count.heard(direct, timeout, 1000) == 1);
    CHECK(count.heard(passed_on, timeout, 1001) == 1);
    CHECK(count.heard(passed_on, shell, 1002) == 2);
}

TEST_CASE("a second signal of the same sender counts once some time has passed") {
    SignalCount count;
    CHECK(count.heard(passed_on, shell, 1000) == 1);
    CHECK(count.heard(passed_on, shell, 1500) == 2);
}
