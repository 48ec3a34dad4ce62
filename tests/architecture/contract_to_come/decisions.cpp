// A minimum-norm attack that sees classes only, of a half space and of one that trembles.
#include "host.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

namespace {

constexpr std::int64_t size = 6;
constexpr float weights[size] = {1, -2, 0.5F, 1.5F, -1, 2};

/// Class 1 where the weighted sum is above 1, give or take `noise` times a number of the draw's.
struct HalfSpace {
    double noise = 0;
    std::int64_t budget = 1'000'000;  // of the first example
    std::int64_t asked = 0;
    std::set<std::int64_t> draws{};
    std::map<std::string, int> notes{};
};

HalfSpace &half_space(const spar_oracle *o) {
    return *static_cast<HalfSpace *>(o->handle);
}

spar_status ask(const spar_oracle *o, const spar_query *q, spar_error *) {
    auto &model = half_space(o);
    if (q->outputs != nullptr || q->loss_values != nullptr || q->gradient != nullptr ||
        q->head != nullptr || q->tape != 0 || q->loss != nullptr || q->labels != nullptr)
        return SPAR_E_UNSUPPORTED;
    for (std::int64_t i = 0; i < q->count; ++i)
        if (q->rows[i] == 0 && ++model.asked > model.budget) return SPAR_E_BUDGET;
    model.draws.insert(q->draw);
    for (std::int64_t i = 0; i < q->count; ++i) {
        double sum = model.noise * std::sin(static_cast<double>(q->draw) * 12.9898);
        for (std::int64_t j = 0; j < size; ++j) sum += double{weights[j]} * q->x[i * size + j];
        q->classes[i] = sum > 1 ? 1 : 0;
    }
    return SPAR_OK;
}

double distance(const float *a, const float *b) {
    double sum = 0;
    for (std::int64_t j = 0; j < size; ++j) sum += (double{a[j]} - b[j]) * (double{a[j]} - b[j]);
    return std::sqrt(sum);
}

struct Result {
    std::vector<float> x, x_adv, x_least;
};

Result attack(const Instance &walk, HalfSpace &model, double eps) {
    spar_oracle o{};
    o.struct_size = sizeof o;
    o.flags = model.noise > 0 ? SPAR_ORACLE_RANDOMISED : 0;
    o.handle = &model;
    o.outputs = 2;
    o.evaluate = ask;
    o.note = [](const spar_oracle *self, std::int64_t, const char *code, double) {
        ++half_space(self).notes[code];
    };
    o.stage = [](const spar_oracle *, const char *) {};
    spar_threat threat{};
    threat.struct_size = sizeof threat;
    threat.norm = SPAR_NORM_L2;
    threat.eps = eps;
    threat.upper = 1;
    threat.access = SPAR_ACCESS_DECISIONS;
    const auto &table = walk.table<spar_attack_table>();
    ok(table.fits(walk.self, &threat, &error), "decisions fit");
    threat.group = SPAR_GROUP_PIXEL;
    expect(table.fits(walk.self, &threat, &error) == SPAR_E_UNSUPPORTED, "groups do not");
    threat.group = SPAR_GROUP_NONE;
    expect(table.traits(walk.self) == SPAR_ATTACK_LEAST, "it looks for the least distance");
    Result r;
    r.x = {0.4F, 0.5F, 0.5F, 0.4F, 0.5F, 0.4F, 0.5F, 0.4F, 0.5F, 0.5F, 0.5F, 0.2F};
    r.x_adv = r.x_least = r.x;
    const std::int64_t labels[] = {0, 0}, ids[] = {11, 12};
    spar_attack_batch b{};
    b.struct_size = sizeof b;
    b.count = 2;
    b.size = b.shape[0] = size;
    b.rank = 1;
    b.x = r.x.data();
    b.labels = labels;
    b.ids = ids;
    b.key = 5;
    b.threat = &threat;
    b.x_adv = r.x_adv.data();
    b.x_least = r.x_least.data();
    ok(table.perturb(walk.self, &o, &b, &error), "perturb");
    for (const float value : r.x_least) expect(value >= 0 && value <= 1, "inside the box");
    return r;
}

/// How far the found point is beyond the least distance, as a share of it.
double excess(const Result &r, std::int64_t row) {
    double sum = 1, norm = 0;
    for (std::int64_t j = 0; j < size; ++j) {
        sum -= double{weights[j]} * r.x[static_cast<std::size_t>(row * size + j)];
        norm += double{weights[j]} * weights[j];
    }
    return distance(r.x.data() + row * size, r.x_least.data() + row * size) /
               (sum / std::sqrt(norm)) -
           1;
}

}  // namespace

void decisions_are_enough(const std::string &folder) {
    const Instance walk(folder + "/boundary_walk.so", 0,
                        {{"/steps", 15}, {"/probes", 60}, {"/votes", 5}});
    HalfSpace still;
    const auto far = attack(walk, still, 10);
    for (const std::int64_t row : {0, 1})
        expect(excess(far, row) > -1e-6 && excess(far, row) < 0.05, "the closed form, to 5 %");
    expect(far.x_adv == far.x_least, "what is inside eps is the result");
    HalfSpace same;
    const auto near = attack(walk, same, 1e-3);
    expect(near.x_adv == near.x && near.x_least == far.x_least,
           "eps does not change what is found");

    HalfSpace poor{.budget = 8};
    const auto spent = attack(walk, poor, 10);
    expect(poor.notes["budget_spent"] == 1, "one example's budget is spent");
    expect(excess(spent, 1) < 0.05, "the other one goes on");

    HalfSpace trembling{.noise = 0.02};
    const auto shaken = attack(walk, trembling, 10);
    expect(trembling.draws.size() > 100 && *trembling.draws.begin() == 0, "draws differ");
    expect(excess(shaken, 1) < 0.2, "a majority of draws finds the boundary");
}
