// Two libraries with a class of one name in the global namespace, built as by hand: without any
// -fvisibility.
#include "plain.hpp"

struct Namesake final : zoo::Attack {  // NOLINT: the name is the point
    static constexpr spar::About about{.type = NAMESAKE_TYPE, .summary = NAMESAKE_SUMMARY};
    spar::Integer number{this, "number", "a number of its own", {.fallback = 1}};
};

SPAR_PLUGIN(NAMESAKE_TYPE, "1.0.0", Namesake)
