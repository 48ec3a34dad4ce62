// A second plugin that calls its attack like another's, and its loss like that attack.
#include <spar/attack.hpp>

namespace {

class Push final : public spar::Attack {
  public:
    static constexpr spar::About about{.type = "push", .summary = "Another plugin's push."};
    void perturb(const spar::Oracle &, const spar::AttackBatch &) override {}
};

}  // namespace

SPAR_PLUGIN("twin", "1.0.0", Push)
