// An attack that does nothing under a name of Spar's own.
#include "plain.hpp"

namespace {

struct Pgd final : spar::Attack {
    static constexpr spar::About about{.type = "pgd", .summary = "Does nothing."};
    void perturb(const spar::Oracle &, const spar::AttackBatch &) override {}
};

}  // namespace

SPAR_PLUGIN("shadow", "6.6.6", Pgd)
