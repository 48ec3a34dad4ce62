// Every built component, with the smallest parameters that its own example gives it.
#pragma once

#include "example_files.hpp"

#include "plan/plan.hpp"

namespace spar::test {

/// A component as its example has it, once the example is checked and filled in.
struct Sample {
    const host::ComponentEntry *entry;
    host::Plan plan;      /// of the whole example
    std::string pointer;  /// the component's place in the plan
    host::Json node;      /// its node, the host's own keys taken out

    const char *type() const { return entry->descriptor->type; }
    std::string name() const {
        return std::string(kind_name(entry->descriptor->kind)) + " " + type();
    }
    Made make(std::uint64_t seed = 1) const {
        return Made(entry->descriptor->kind, node.dump(), seed, pointer);
    }
};

namespace samples_detail {

struct Place {
    spar_kind kind;
    host::Node node;
};

/// The components that the pipeline itself names.
inline std::vector<Place> places(const host::Plan &plan) {
    std::vector<Place> all{{SPAR_KIND_DATASET, plan.data.train},
                           {SPAR_KIND_DATASET, plan.data.test},
                           {SPAR_KIND_TOKENIZER, plan.data.tokenizer},
                           {SPAR_KIND_MODEL, plan.model}};
    if (plan.train) {
        all.push_back({SPAR_KIND_METHOD, plan.train->method});
        all.push_back({SPAR_KIND_LOSS, plan.train->loss});
        all.push_back({SPAR_KIND_OPTIMIZER, plan.train->optimizer});
        all.push_back({SPAR_KIND_ATTACK, plan.train->validate_attack});
        for (const auto &node : plan.train->augment) all.push_back({SPAR_KIND_TRANSFORM, node});
    }
    if (plan.evaluate) {
        all.push_back({SPAR_KIND_LOSS, plan.evaluate->loss});
        for (const auto &attack : plan.evaluate->attacks)
            all.push_back({SPAR_KIND_ATTACK, attack.attack});
    }
    for (const auto &node : plan.report) all.push_back({SPAR_KIND_REPORTER, node});
    std::erase_if(all, [](const Place &place) { return !place.node; });
    return all;
}

/// The first node of this type in `json` or below; `pointer` follows.
inline const host::Json *find(const host::Json &json, const std::string &type,
                              std::string &pointer) {
    if (json.is_object() && json.value("type", host::Json()) == type) return &json;
    if (!json.is_structured()) return nullptr;
    for (const auto &[key, value] : json.items()) {
        std::string below = pointer + "/" + key;
        if (const host::Json *found = find(value, type, below)) {
            pointer = below;
            return found;
        }
    }
    return nullptr;
}

}  // namespace samples_detail

/// The plan of a component's example; data files that it names are there.
inline host::Plan example_plan(const host::ComponentEntry &entry,
                               const std::vector<host::Setting> &settings = {}) {
    return host::parse_plan(entry.descriptor->example, entry.descriptor->type,
                            example_folder().path(), settings, registry());
}

inline Sample sample(const host::ComponentEntry &entry) {
    namespace detail = samples_detail;
    const std::string type = entry.descriptor->type;
    host::Plan plan = example_plan(entry);
    const auto places = detail::places(plan);
    for (const auto &place : places)
        if (place.kind == entry.descriptor->kind && place.node.json->at("type") == type)
            return {&entry, std::move(plan), place.node.pointer, *place.node.json};
    for (const auto &place : places) {
        std::string pointer = place.node.pointer;
        if (const host::Json *found = detail::find(*place.node.json, type, pointer))
            return {&entry, std::move(plan), pointer, *found};
    }
    throw host::Failure(host::Exit::pipeline, "it does not use the component");
}

/// All built components of a kind; of every kind without one.
inline std::vector<Sample> samples(spar_kind kind = 0) {
    std::vector<Sample> all;
    for (const host::ComponentEntry &entry : registry().components()) {
        if (kind != 0 && entry.descriptor->kind != kind) continue;
        try {
            all.push_back(sample(entry));
        } catch (const host::Failure &failure) {
            const std::string fault = failure.what();
            FAIL_CHECK("the example of ", entry.descriptor->type, ": ", fault);
        }
    }
    REQUIRE(!all.empty());
    return all;
}

}  // namespace spar::test
