// A method in the space of a site, batches that are shorter than the longest, and an optimizer that
// is handed pieces.
#include "host.hpp"

#include <cmath>
#include <cstring>
#include <vector>

namespace {

// Two examples of a batch of three; texts of two tokens where three are the most.
constexpr std::int64_t count = 2, batch_size = 3, size = 4, room = 9;

struct Training {
    std::map<std::string, std::vector<float>> tensors{};
    std::map<std::int32_t, std::vector<float>> values{}, cotangents{};
    double penalty = 0;
    int passes = 0;
};

Training &training(const spar_session *s) {
    return *static_cast<Training *>(s->handle);
}

/// The loss is sum of slope(i) x_i over the batch.
float slope(std::int64_t i) {
    return i % 3 == 0 ? -1.0F : 0.5F;
}

spar_status site(const spar_session *, std::int64_t index, spar_site *out, spar_error *) {
    out->kind = index == 0 ? SPAR_SITE_LOGITS : SPAR_SITE_MAPS;
    out->name = index == 0 ? "attention.logits" : "attention.maps";
    out->flags = index == 0 ? SPAR_SITE_ADDS : 0;
    out->rank = 3;
    out->shape[0] = 1;
    out->shape[1] = out->shape[2] = 2;
    out->room = room;
    return SPAR_OK;
}

spar_status pass(const spar_session *s, const spar_session_pass *p, spar_error *) {
    auto &t = training(s);
    ++t.passes;
    if ((p->wants & SPAR_WANT_INPUT_GRADIENT) != 0)
        for (std::int64_t i = 0; i < count * size; ++i)
            p->dx[i] = slope(i) * static_cast<float>(p->weight);
    for (std::int64_t k = 0; k < p->site_count; ++k) {
        if (p->sites[k].site != 1 || p->tape == 0) return SPAR_E_UNSUPPORTED;
        for (std::int64_t i = 0; i < count * size; ++i)
            p->sites[k].values[i] = 0.5F + (p->x != nullptr ? p->x[i] : s->x[i]);
        t.values[p->tape].assign(p->sites[k].values, p->sites[k].values + count * size);
    }
    return SPAR_OK;
}

spar_status backward_at(const spar_session *s, std::int32_t tape, const float *cotangent,
                        const spar_site_use *uses, std::int64_t n, spar_wants wants, float *,
                        spar_error *) {
    if (cotangent != nullptr || n != 1 || uses->values != nullptr) return SPAR_E_UNSUPPORTED;
    if (wants != SPAR_WANT_PARAMETER_GRADIENTS) return SPAR_E_UNSUPPORTED;
    training(s).cotangents[tape].assign(uses->cotangent, uses->cotangent + count * size);
    return SPAR_OK;
}

spar_status tensor(const spar_session *s, const char *name, std::int64_t wanted, spar_tensor_flags,
                   float **data, spar_error *) {
    auto &own = training(s).tensors[name];
    if (own.empty()) own.resize(static_cast<std::size_t>(wanted));
    if (std::ssize(own) != wanted || wanted != batch_size * room) return SPAR_E_INVALID;
    *data = own.data();
    return SPAR_OK;
}

void a_site_is_trained_on(const std::string &file) {
    const Instance method(file, 0, {{"/steps", 3}, {"/step_size", 0.04}, {"/weight", 3}});
    const auto &table = method.table<spar_method_table>();
    spar_threat threat{};
    threat.struct_size = sizeof threat;
    threat.norm = SPAR_NORM_LINF;
    threat.eps = 0.1;
    expect(table.fits(method.self, nullptr, &error) == SPAR_E_UNSUPPORTED, "it needs a threat");
    expect(table.fits(method.self, &threat, &error) == SPAR_E_UNSUPPORTED, "of a site");
    threat.space = SPAR_SPACE_SITE;
    threat.site = "attention.logits";
    ok(table.fits(method.self, &threat, &error), "a site fits");
    expect(table.traits(method.self) == SPAR_METHOD_LENGTHS, "it takes any length");

    const std::vector<float> zero(count * size);
    std::vector<float> mask(count * size, 1);
    mask[3] = 0;
    Training t;
    spar_session s{};
    s.struct_size = sizeof s;
    s.handle = &t;
    s.count = count;
    s.size = s.mask_size = size;
    s.room = room;
    s.batch_size = batch_size;
    s.x = zero.data();
    s.mask = mask.data();
    s.threat = &threat;
    s.site_count = 2;
    s.site = site;
    s.pass = pass;
    s.backward_at = backward_at;
    s.tensor = tensor;
    s.report = [](const spar_session *self, const char *, double value) {
        training(self).penalty = value;
    };
    ok(table.prepare(method.self, &s, &error), "prepare");
    ok(table.gradients(method.self, &s, &error), "gradients");
    expect(t.passes == 5, "three steps and two passes");
    double penalty = 0;
    for (std::size_t i = 0; i < count * size; ++i) {
        const float there = t.values[2][i] - t.values[1][i];
        const float aim = i == 3 ? 0 : std::copysign(0.1F, slope(static_cast<std::int64_t>(i)));
        expect(std::fabs(there - aim) < 1e-6F, "up the loss, to the ball's edge, not where masked");
        penalty += 3.0 / 4 * double{there} * there;  // two rows an example, two examples
        expect(std::fabs(t.cotangents[2][i] - 1.5F * there) < 1e-6F, "the penalty's derivative");
        expect(t.cotangents[1][i] == -t.cotangents[2][i], "and its opposite at the clean maps");
    }
    expect(std::fabs(t.penalty - penalty) < 1e-9, "the penalty is reported");
}

void pieces_give_the_same_bits(const std::string &file) {
    const Instance optimizer(file, 1, {{"/rate", 0.1}, {"/temperature", 0.5}});
    const auto &table = optimizer.table<spar_optimizer_table>();
    expect(table.traits(optimizer.self) == SPAR_OPTIMIZER_ELEMENTWISE, "it may be cut");
    const std::int64_t shape[] = {2, 5};
    const std::vector<float> gradient = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    const auto updated = [&](std::vector<std::int64_t> cuts) {
        std::vector<float> parameter(10);
        cuts.push_back(10);
        std::int64_t from = 0;
        for (const auto to : cuts) {
            spar_update u{};
            u.struct_size = sizeof u;
            u.rank = 2;
            u.step = 4;
            u.rate_factor = 0.5;
            u.name = "layer.weight";
            u.size = to - from;
            u.parameter = parameter.data() + from;
            u.gradient = gradient.data() + from;
            u.shape = shape;
            u.offset = from;
            ok(table.update(optimizer.self, &u, &error), "update");
            from = to;
        }
        return parameter;
    };
    const auto whole = updated({});
    expect(whole == updated({3, 4}), "pieces give the bits of the whole");
    expect(whole[0] != -0.05F, "it is noisy");
}

}  // namespace

void sites_are_perturbed(const std::string &folder) {
    a_site_is_trained_on(folder + "/attention_consistency.so");
    pieces_give_the_same_bits(folder + "/attention_consistency.so");
}
