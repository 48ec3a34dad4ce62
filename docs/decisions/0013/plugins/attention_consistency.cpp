// A method that perturbs the attention logits where it hurts most and trains on the result, while
// the attention maps are held to those of the clean pass; and an optimizer beside it, SGD with
// Langevin noise (Welling and Teh 2011), which is elementwise and yet random.
#include "support.hpp"

#include <spar/philox.hpp>

#include <cmath>
#include <string>
#include <vector>

namespace {

// ---- the method ----------------------------------------------------------------------------

struct AttentionConsistency {
    std::int64_t steps = 0;
    double step_size = 0, weight = 0;
};

/// The attention maps of one pass, a tensor of the method's own for each.
struct Maps {
    std::vector<spar_site_use> uses;
    std::vector<std::int64_t> sizes;  // values of one example
    std::vector<std::int64_t> rows;   // of the softmax in one example
};

float *tensor(const spar_session &s, const std::string &name, std::int64_t size) {
    float *data = nullptr;
    checked([&](spar_error *e) { return s.tensor(&s, name.c_str(), size, 0, &data, e); });
    return data;
}

Maps maps_of(const spar_session &s, const char *pass) {
    Maps maps;
    for (std::int64_t i = 0; i < s.site_count; ++i) {
        spar_site site{};
        site.struct_size = sizeof site;
        checked([&](spar_error *e) { return s.site(&s, i, &site, e); });
        if (site.kind != SPAR_SITE_MAPS) continue;
        const std::int64_t rows = site.shape[0] * site.shape[1];
        const std::string name = std::string(pass) + site.name;
        spar_site_use use{};
        use.struct_size = sizeof use;
        use.site = static_cast<std::int32_t>(i);
        use.values = tensor(s, name, s.batch_size * site.room);
        maps.uses.push_back(use);
        maps.sizes.push_back(rows * site.shape[2]);
        maps.rows.push_back(rows);
    }
    return maps;
}

/// Sets both passes' cotangents to the gradients of weight/n times the mean over all rows of all
/// maps of |clean - perturbed|^2, and returns this penalty.
double pull_together(const spar_session &s, Maps &clean, Maps &perturbed, double weight) {
    double rows = 0, penalty = 0;
    for (const auto count : clean.rows) rows += static_cast<double>(count);
    const double factor = weight / (rows * static_cast<double>(s.count));
    for (std::size_t k = 0; k < clean.uses.size(); ++k) {
        auto &a = clean.uses[k], &b = perturbed.uses[k];
        for (std::int64_t i = 0; i < s.count * clean.sizes[k]; ++i) {
            const float gap = a.values[i] - b.values[i];
            penalty += factor * double{gap} * gap;
            a.values[i] = static_cast<float>(2 * factor * gap);
            b.values[i] = -a.values[i];
        }
        for (auto *use : {&a, &b}) {
            use->cotangent = use->values;
            use->values = nullptr;
        }
    }
    return penalty;
}

spar_session_pass pass_at(const float *x) {
    spar_session_pass pass{};
    pass.struct_size = sizeof pass;
    pass.x = x;
    return pass;
}

void run(const spar_session &s, const spar_session_pass &pass) {
    checked([&](spar_error *e) { return s.pass(&s, &pass, e); });
}

float *perturbation(const spar_session &s) {
    return tensor(s, "logits", s.batch_size * s.room);
}

/// Signed gradient steps from zero inside |delta| <= eps; the box of a site is infinite.
void craft(const AttentionConsistency &self, const spar_session &s) {
    float *delta = perturbation(s), *dx = tensor(s, "gradient", s.batch_size * s.room);
    const auto eps = static_cast<float>(s.threat->eps), step = static_cast<float>(self.step_size);
    for (std::int64_t i = 0; i < s.count * s.size; ++i) delta[i] = s.x[i];
    for (std::int64_t k = 0; k < self.steps; ++k) {
        auto pass = pass_at(delta);
        pass.wants = SPAR_WANT_INPUT_GRADIENT;
        pass.mode = SPAR_MODE_EVAL;
        pass.weight = 1;
        pass.dx = dx;
        run(s, pass);
        for (std::int64_t i = 0; i < s.count * s.size; ++i) {
            const bool masked = s.mask != nullptr && s.mask[i / (s.size / s.mask_size)] == 0;
            if (masked || dx[i] == 0) continue;
            delta[i] = std::fmin(std::fmax(delta[i] + std::copysign(step, dx[i]), -eps), eps);
        }
    }
}

void train(const AttentionConsistency &self, const spar_session &s) {
    Maps clean = maps_of(s, "clean/"), perturbed = maps_of(s, "perturbed/");
    if (clean.uses.empty()) stop(SPAR_E_UNSUPPORTED, "the model names no attention maps");
    struct Side {
        const float *x;
        std::int32_t tape;
        Maps *maps;
    };
    const Side sides[] = {{nullptr, 1, &clean}, {perturbation(s), 2, &perturbed}};
    // Both passes keep a tape; their losses' gradients go back at once, the penalty's later.
    for (const auto &side : sides) {
        auto pass = pass_at(side.x);
        pass.wants = SPAR_WANT_PARAMETER_GRADIENTS;
        pass.mode = SPAR_MODE_TRAIN;
        pass.tape = side.tape;
        pass.weight = 0.5 / static_cast<double>(s.count);
        pass.sites = side.maps->uses.data();
        pass.site_count = std::ssize(side.maps->uses);
        run(s, pass);
    }
    const double penalty = pull_together(s, clean, perturbed, self.weight);
    for (const auto &side : sides)
        checked([&](spar_error *e) {
            return s.backward_at(&s, side.tape, nullptr, side.maps->uses.data(),
                                 std::ssize(side.maps->uses), SPAR_WANT_PARAMETER_GRADIENTS,
                                 nullptr, e);
        });
    s.report(&s, "attention_gap", penalty);
}

spar_status method_fits(void *, const spar_threat *threat, spar_error *error) {
    if (threat == nullptr || threat->space != SPAR_SPACE_SITE)
        return refuse(error, SPAR_E_UNSUPPORTED,
                      "perturbs the attention logits: needs the space of a site");
    if (threat->norm != SPAR_NORM_LINF)
        return refuse(error, SPAR_E_UNSUPPORTED, "takes signed steps: needs the norm linf");
    return SPAR_OK;
}

constexpr spar_method_table method_table{
    sizeof(spar_method_table),
    0,
    [](void *self, const spar_session *session, spar_error *error) {
        return guarded(error, [&] { craft(*static_cast<AttentionConsistency *>(self), *session); });
    },
    [](void *self, const spar_session *session, spar_error *error) {
        return guarded(error, [&] { train(*static_cast<AttentionConsistency *>(self), *session); });
    },
    method_fits,
    [](void *) -> spar_method_traits { return SPAR_METHOD_LENGTHS; }};

// ---- the optimizer -------------------------------------------------------------------------

struct Langevin {
    double rate = 0, temperature = 0;
    std::uint64_t key = 0;
};

spar_status update(void *self, const spar_update *u, spar_error *) {
    const auto &langevin = *static_cast<Langevin *>(self);
    const double rate = langevin.rate * u->rate_factor;
    const double noise = std::sqrt(2 * rate * langevin.temperature);
    auto key = spar::mix_key(langevin.key, static_cast<std::uint64_t>(u->step));
    for (const char *c = u->name; *c != '\0'; ++c)
        key = spar::mix_key(key, static_cast<std::uint64_t>(static_cast<unsigned char>(*c)));
    for (std::int64_t i = 0; i < u->size; ++i) {
        spar::Random random(key, u->offset + i, 0);
        u->parameter[i] -= static_cast<float>(rate * u->gradient[i] - noise * random.normal(0));
    }
    return SPAR_OK;
}

constexpr spar_optimizer_table optimizer_table{
    sizeof(spar_optimizer_table),
    0,
    [](void *) -> std::int64_t { return 0; },
    [](void *, std::int64_t) -> const char * { return nullptr; },
    update,
    [](void *) -> spar_optimizer_traits { return SPAR_OPTIMIZER_ELEMENTWISE; }};

// ---- the plugin ----------------------------------------------------------------------------

spar_component method() {
    auto c = described<AttentionConsistency>(
        SPAR_KIND_METHOD, "attention_consistency",
        "Trains on perturbed attention logits and holds the maps together.", "",
        R"({"type": "object", "additionalProperties": false, "properties": {
            "steps": {"type": "integer", "minimum": 1, "default": 3},
            "step_size": {"type": "number", "exclusiveMinimum": 0, "default": 0.1},
            "weight": {"type": "number", "minimum": 0, "default": 1}}})",
        &method_table);
    c.create = [](const spar_component *, const spar_host *host, const spar_params *params,
                  void **self, spar_error *error) {
        return guarded(error, [&] {
            *self = new AttentionConsistency{integer(host, params, "/steps"),
                                             number(host, params, "/step_size"),
                                             number(host, params, "/weight")};
        });
    };
    return c;
}

spar_component optimizer() {
    auto c = described<Langevin>(
        SPAR_KIND_OPTIMIZER, "langevin", "SGD with Langevin noise.", "Welling and Teh 2011",
        R"({"type": "object", "additionalProperties": false, "properties": {
            "rate": {"type": "number", "exclusiveMinimum": 0, "default": 0.01},
            "temperature": {"type": "number", "minimum": 0, "default": 1e-6}}})",
        &optimizer_table);
    c.create = [](const spar_component *, const spar_host *host, const spar_params *params,
                  void **self, spar_error *error) {
        return guarded(error, [&] {
            *self = new Langevin{number(host, params, "/rate"),
                                 number(host, params, "/temperature"), host->random_key(params)};
        });
    };
    return c;
}

}  // namespace

PLUGIN_ENTRY spar_plugin_entry_v1(const spar_host *, const spar_plugin **answer, spar_error *) {
    static const auto first = method(), second = optimizer();
    static const spar_component *const components[] = {&first, &second};
    static const spar_plugin plugin{sizeof(spar_plugin),    SPAR_ABI_MINOR, 3,       2,
                                    "sites inside a model", "attention",    "1.0.0", components};
    *answer = &plugin;
    return SPAR_OK;
}
