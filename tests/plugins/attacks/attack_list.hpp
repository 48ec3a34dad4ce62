// Every attack in a form quick enough to run many times.
#pragma once

#include "analytic.hpp"

namespace spar::test {

struct AttackCase {
    const char *node;
    std::vector<spar_norm> norms{SPAR_NORM_LINF, SPAR_NORM_L2, SPAR_NORM_L1};
    bool strong = true;       /// fools much more than noise
    bool targeted = true;     /// strives for a target when there is one
    bool per_example = true;  /// does not look at the batch as a whole
};

inline const std::vector<AttackCase> &attack_cases() {
    static const std::vector<AttackCase> cases{
        {.node = R"({"type":"noise"})", .strong = false},
        {.node = R"({"type":"fgsm"})"},
        {.node = R"({"type":"fgsm","random_start":true})"},
        {.node = R"({"type":"fgm"})", .strong = false},
        {.node = R"({"type":"fgm_batch"})", .strong = false, .per_example = false},
        {.node = R"({"type":"bim","steps":5})"},
        {.node = R"({"type":"pgd","steps":5})"},
        {.node = R"({"type":"pgd","steps":5,"restarts":3,"loss":{"type":"margin"}})"},
        {.node = R"({"type":"pgd","steps":5,"keep":"last","stop_early":"no"})"},
        {.node = R"({"type":"mi_fgsm","steps":5})"},
        {.node = R"({"type":"ni_fgsm","steps":5})"},
        {.node = R"({"type":"gradient_ascent","steps":5})", .strong = false},
    };
    return cases;
}

}  // namespace spar::test
