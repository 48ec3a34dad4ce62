// Every attack in a form quick enough to run many times.
#pragma once

#include "analytic.hpp"

namespace spar::test {

inline const std::vector<spar_norm> with_l0{SPAR_NORM_LINF, SPAR_NORM_L2, SPAR_NORM_L1,
                                            SPAR_NORM_L0};

struct AttackCase {
    std::string node;
    std::vector<spar_norm> norms{SPAR_NORM_LINF, SPAR_NORM_L2, SPAR_NORM_L1};
    bool strong = true;       /// fools much more than noise
    bool targeted = true;     /// reaches a target often enough to tell
    bool per_example = true;  /// does not look at the batch as a whole
};

inline const std::vector<AttackCase> &attack_cases() {
    static const std::vector<AttackCase> cases{
        {.node = R"({"type":"noise"})", .norms = with_l0, .strong = false},
        {.node = R"({"type":"fgsm"})"},
        {.node = R"({"type":"fgsm","random_start":true})"},
        {.node = R"({"type":"fgm"})", .strong = false},
        {.node = R"({"type":"fgm_batch"})", .strong = false, .per_example = false},
        {.node = R"({"type":"bim","steps":5})"},
        {.node = R"({"type":"pgd","steps":5})", .norms = with_l0},
        {.node = R"({"type":"pgd","steps":5,"restarts":3,"loss":{"type":"margin"}})",
         .norms = with_l0},
        {.node = R"({"type":"pgd","steps":5,"keep":"last","stop_early":"no"})", .norms = with_l0},
        {.node = R"({"type":"mi_fgsm","steps":5})"},
        {.node = R"({"type":"ni_fgsm","steps":5})"},
        {.node = R"({"type":"gradient_ascent","steps":5})", .strong = false},
        {.node = R"({"type":"deepfool","steps":10})", .targeted = false},
        {.node = R"({"type":"cw","steps":30,"search_steps":3,"rate":0.05,"constant":0.1})",
         .norms = {SPAR_NORM_L2}},
        {.node = R"({"type":"apgd","steps":12,"loss":{"type":"dlr"}})"},
        {.node = R"({"type":"apgd","steps":12,"restarts":2})"},
        {.node = R"({"type":"apgd","steps":12,"targets":3})"},
        {.node = R"({"type":"fab","steps":8})"},
        {.node = R"({"type":"fab","steps":8,"targets":3,"restarts":2,"minimise":true})"},
        {.node = R"({"type":"square","queries":150})", .strong = false},
        {.node = R"({"type":"spsa","steps":6,"samples":24,"rate":0.05})", .strong = false},
        {.node = R"({"type":"auto_attack","attacks":[{"type":"apgd","steps":6,
            "loss":{"type":"cross_entropy"}},{"type":"apgd","steps":6,"targets":3},
            {"type":"fab","steps":4,"targets":3},{"type":"square","queries":30}]})"},
    };
    return cases;
}

}  // namespace spar::test
