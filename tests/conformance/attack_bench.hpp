// An attack on a small problem, with everything around it observed.
#pragma once

#include "analytic.hpp"
#include "components.hpp"

#include <spar/error.hpp>

#include <functional>

namespace spar::test {

/// What the oracle does besides answering queries.
struct Trouble {
    Fault fault = Fault::none;
    std::int64_t fail_at = -1;  /// the call that fails, from 0
    spar_status status = SPAR_OK;
};

struct Attacked {
    spar_status status = SPAR_OK;
    std::string message;
    Floats x_adv;
    std::int64_t calls = 0;
};

inline const spar_component_ref &attack_loss() {
    static const Made made(SPAR_KIND_LOSS, R"({"type": "cross_entropy"})");
    return made.instance().ref();
}

/// Runs an attack, x_adv between guards and everything else compared with what it was.
inline Attacked attack(const host::Instance &attack, const AnalyticModel &model, const Problem &p,
                       const Trouble &trouble = {}) {
    constexpr std::size_t guard = 64;
    constexpr float guard_value = 0x1.23456p+5F;
    const Problem before = p;
    AnalyticOracle analytic(model, p, &attack_loss(), trouble.fault);
    Attacked result;
    static thread_local bool stopped;
    stopped = false;
    analytic.watch = [&](const spar_query &query) {
        for (std::int64_t i = 0; i < query.count; ++i)
            if (query.rows != nullptr) CHECK((query.rows[i] >= 0 && query.rows[i] < p.count));
        if (trouble.fail_at < 0 || result.calls++ < trouble.fail_at) return;
        stopped = trouble.status == SPAR_E_CANCELLED;
        throw Error(trouble.status, "planted by the test");
    };
    spar_oracle oracle = *analytic.table();
    oracle.cancelled = [](const spar_oracle *) { return stopped ? 1 : 0; };

    Floats memory(guard, guard_value);
    memory.insert(memory.end(), p.x.begin(), p.x.end());
    memory.insert(memory.end(), guard, guard_value);
    spar_attack_batch batch{};
    batch.struct_size = sizeof batch;
    batch.purpose = p.purpose;
    batch.count = p.count;
    batch.size = p.size();
    batch.rank = static_cast<std::int32_t>(p.shape.size());
    std::copy(p.shape.begin(), p.shape.end(), batch.shape);
    batch.x = p.x.data();
    batch.labels = p.labels.data();
    batch.targets = p.targets.empty() ? nullptr : p.targets.data();
    batch.ids = p.ids.data();
    batch.key = p.key;
    batch.threat = &p.threat;
    batch.x_adv = memory.data() + guard;
    spar_error error = empty_error();
    attack.call("perturb", [&](spar_error *) {
        result.status =
            attack.table<spar_attack_table>().perturb(attack.self(), &oracle, &batch, &error);
        return SPAR_OK;
    });
    result.message = error.message;
    const auto begin = memory.begin() + guard, end = memory.end() - guard;
    result.x_adv.assign(begin, end);
    const auto same = [](float value) { return value == guard_value; };
    CHECK((std::all_of(memory.begin(), begin, same) && std::all_of(end, memory.end(), same)));
    CHECK((p.x == before.x && p.labels == before.labels && p.ids == before.ids));
    return result;
}

/// Examples of the problem in another order.
inline Problem permuted(const Problem &p, const std::vector<std::int64_t> &order) {
    Problem q = slice(p, 0, 0);
    q.count = p.count;
    for (const std::int64_t i : order) {
        const Problem one = slice(p, i, i + 1);
        q.x.insert(q.x.end(), one.x.begin(), one.x.end());
        q.labels.push_back(one.labels[0]);
        q.ids.push_back(one.ids[0]);
        if (!one.targets.empty()) q.targets.push_back(one.targets[0]);
    }
    return q;
}

}  // namespace spar::test
