// Examples without labels beside those with: the loss over the ones, the divergence over all.
#include "tiny_net.hpp"

using namespace spar::test;

namespace {

constexpr std::int64_t labelled = 5, unlabelled = 3, all = labelled + unlabelled;

/// The batch of a training, with examples 20 to 22 of the same data after it.
spar::host::Batch with_unlabelled(Training &t) {
    spar::host::Batch batch, more;
    t.data().read(spar::host::index_range(0, labelled), batch);
    t.data().read(spar::host::index_range(20, unlabelled), more);
    spar::host::append_unlabelled(batch, more, t.data().size());
    REQUIRE(batch.count == all);
    REQUIRE(batch.labelled() == labelled);
    REQUIRE(batch.ids == std::vector<std::int64_t>{0, 1, 2, 3, 4, 44, 45, 46});
    return batch;
}

Floats gradients(Training &t, const spar::host::Batch &batch) {
    t.network().zero_gradients();
    t.outcome = t.session().run(
        batch,
        {.epoch = 0, .epochs = 1, .step = 0, .steps = 1, .batch_size = all, .rate_factor = 1});
    return t.gradient();
}

/// Differences of mean l + weight mean D(x_adv, x), the means over 5 and over 8 examples.
Doubles differences(Training &t, const spar::host::Batch &batch, const Floats &other,
                    bool through_clean, double weight) {
    const Net net{};
    const Floats floats = t.weights();
    Doubles w(floats.begin(), floats.end()), g(w.size());
    const Doubles held = w;
    const auto value = [&] {
        double total = 0;
        for (std::size_t i = 0; i < std::size_t(all); ++i) {
            const std::span<const float> x(batch.x[std::int64_t(i)]);
            const std::span<const float> adv(other.data() + i * Net::d, Net::d);
            if (i < std::size_t(labelled))
                total += net.cross_entropy(w, x, batch.labels[i]) / double(labelled);
            const Doubles p = net.log_p(through_clean ? w : held, x), q = net.log_p(w, adv);
            total += weight * (through_clean ? symmetric(p, q) : kl(p, q)) / double(all);
        }
        return total;
    };
    for (std::size_t i = 0; i < w.size(); ++i) {
        const double here = w[i];
        w[i] = here + 1e-5;
        const double up = value();
        w[i] = here - 1e-5;
        g[i] = (up - value()) / 2e-5;
        w[i] = here;
    }
    return g;
}

}  // namespace

TEST_CASE("the loss is that of the labelled examples, the divergence that of all") {
    struct Case {
        const char *method, *crafted;
        bool through_clean;
        double weight;
    };
    for (const Case &c :
         {Case{R"({"type":"vat","weight":2,"xi":0.1})", "x_adv", false, 2},
          Case{R"({"type":"alum","alpha":3})", "x_adv", true, 3},
          Case{R"({"type":"smart","smoothness":2,"proximity":0})", "x_adv", true, 2},
          Case{R"({"type":"r3f","weight":1.5,"noise":0.1})", "noisy", true, 1.5}}) {
        CAPTURE(c.method);
        Training t(
            {.method = c.method, .threat = R"({"norm":"l2","eps":0.3})", .batch_size = labelled});
        const spar::host::Batch batch = with_unlabelled(t);
        const Floats found = gradients(t, batch);
        const Floats &values = t.session().tensors().at(c.crafted).values;
        REQUIRE(values.size() == std::size_t(all) * Net::d);
        const double apart =
            difference(found, differences(t, batch, values, c.through_clean, c.weight));
        CHECK_MESSAGE(apart < 1e-4, "apart: ", apart);
    }
}

TEST_CASE("loss and accuracy of training count labelled examples only") {
    Training t({.method = R"({"type":"vat","xi":0.1})",
                .threat = R"({"norm":"l2","eps":0.3})",
                .batch_size = labelled});
    const spar::host::Batch batch = with_unlabelled(t);
    gradients(t, batch);
    const Net net{};
    const Floats floats = t.weights();
    const Doubles w(floats.begin(), floats.end());
    double loss = 0;
    std::int64_t correct = 0;
    for (std::int64_t i = 0; i < labelled; ++i) {
        loss += net.cross_entropy(w, batch.x[i], batch.labels[std::size_t(i)]);
        const Doubles z = net.logits(w, batch.x[i]);
        correct += std::max_element(z.begin(), z.end()) - z.begin() == batch.labels[std::size_t(i)];
    }
    CHECK(t.outcome.loss == doctest::Approx(loss).epsilon(1e-5));
    CHECK(t.outcome.correct == correct);
}

TEST_CASE("a foreign attack in such a batch reaches the labelled examples only") {
    // pgd_at does not say that it makes use of the others; the session protects it all the same.
    Training t({.method = R"({"type":"pgd_at","attack":{"type":"fgsm"}})", .batch_size = labelled});
    const spar::host::Batch batch = with_unlabelled(t);
    const Floats found = gradients(t, batch);
    const Floats &adv = t.session().tensors().at("x_adv").values;
    for (std::int64_t i = 0; i < all; ++i) {
        const bool moved = !std::equal(batch.x[i].begin(), batch.x[i].end(), adv.begin() + i * 6);
        if (i < labelled) CHECK(moved);
    }
    CHECK(std::ranges::all_of(found, [](float g) { return std::isfinite(g); }));
}
