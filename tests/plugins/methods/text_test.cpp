// Methods on text: FGM and PGD as the widely copied classes do them, balls of tokens, dropout masks
// along a path, and what methods carry from batch to batch.
#include "tiny_text.hpp"

#include <spar/geometry.hpp>

using namespace spar::test;

namespace {

constexpr const char *text_data = R"({"type":"tiny_data","kind":"text"})";
constexpr const char *whole = R"({"norm":"l2","eps":0.5,"space":"embedding"})";
constexpr const char *tokens = R"({"norm":"l2","eps":0.5,"space":"embedding","group":"token"})";

Choices on_text(const std::string &method, const std::string &threat, std::int64_t batch = 8) {
    return {.method = method, .data = text_data, .threat = threat, .batch_size = batch};
}

/// A batch of texts and the mean loss at weights, each text perturbed by its delta.
struct Reference {
    explicit Reference(Training &t) : batch(t.batch()) {
        const Floats floats = t.weights();
        weights.assign(floats.begin(), floats.end());
        deltas.resize(std::size_t(batch.count));
    }
    double loss(const Doubles &w, std::size_t row, const Doubles &delta) const {
        return TextNet::cross_entropy(
            w, TextNet::vectors(w, batch.tokens.data() + row * TextNet::length, delta),
            batch.labels[row]);
    }
    double mean_loss(const Doubles &w) const {
        double sum = 0;
        for (std::size_t row = 0; row < deltas.size(); ++row) sum += loss(w, row, deltas[row]);
        return sum / double(deltas.size());
    }
    Doubles gradient(const Doubles &w) const {
        return slopes(w, [&](const Doubles &at) { return mean_loss(at); });
    }
    /// Gradient of a text's loss at its vectors, zero at padding.
    Doubles at_vectors(std::size_t row, const Doubles &delta) const {
        Doubles g = slopes(delta, [&](const Doubles &at) { return loss(weights, row, at); });
        for (std::size_t i = 0; i < g.size(); ++i)
            g[i] *= batch.mask[row * TextNet::length + i / TextNet::width];
        return g;
    }

    const spar::host::Batch &batch;
    Doubles weights;
    std::vector<Doubles> deltas;  // empty: none
};

/// delta = project(delta + step g / |g|), for every ball of `ball` values.
void climb(Doubles &delta, const Doubles &g, double step, double eps, std::size_t ball) {
    for (std::size_t first = 0; first < delta.size(); first += ball) {
        const double length = length_of(g, first, ball);
        for (std::size_t i = first; length > 0 && i < first + ball; ++i)
            delta[i] += step * g[i] / length;
        const double reached = length_of(delta, first, ball);
        for (std::size_t i = first; reached > eps && i < first + ball; ++i)
            delta[i] *= eps / reached;
    }
}

/// The class "PGD" as it is usually copied, for one parameter:
///
///     loss.backward(); pgd.backup_grad()
///     for t in range(K):
///         pgd.attack(is_first_attack=(t == 0))   # param += alpha * grad / norm(grad), projected
///         if t != K - 1: model.zero_grad()
///         else: pgd.restore_grad()
///         loss_adv.backward()
///     pgd.restore(); optimizer.step()
///
/// FGM is K = 1 with alpha = epsilon.
Doubles pgd_class(const Reference &r, double epsilon, double alpha, int K) {
    constexpr std::size_t size = TextNet::w1;  // of the matrix, the first parameter
    Doubles w = r.weights, grad = r.gradient(w);
    const Doubles backup = w, grad_backup = grad;
    for (int t = 0; t < K; ++t) {
        const double norm = length_of(grad, 0, size);
        for (std::size_t i = 0; i < size; ++i) w[i] += alpha * grad[i] / norm;
        Doubles moved(size);
        for (std::size_t i = 0; i < size; ++i) moved[i] = w[i] - backup[i];
        const double length = length_of(moved, 0, size);
        for (std::size_t i = 0; length > epsilon && i < size; ++i)
            w[i] = backup[i] + epsilon * moved[i] / length;
        const Doubles here = r.gradient(w);
        for (std::size_t i = 0; i < grad.size(); ++i)
            grad[i] = (t != K - 1 ? 0 : grad_backup[i]) + here[i];
    }
    return grad;
}

/// The same radius as one ball of the whole text.
spar_threat threat_of_whole(spar_threat threat) {
    threat.group = SPAR_GROUP_NONE;
    return threat;
}

const char *const pgd_sum = R"({"type":"pgd_at","clean_weight":1,"weight":1,
    "attack":{"type":"pgd","steps":3,"step_size":0.3,"random_start":false}})";

}  // namespace

TEST_CASE("fgm_at and pgd_at on the matrix are the FGM and PGD classes that are usually copied") {
    constexpr const char *matrix =
        R"({"norm":"l2","eps":1,"space":"parameter","parameter":"embedding.weight"})";
    Training fgm(on_text(R"({"type":"fgm_at"})", matrix)), pgd(on_text(pgd_sum, matrix));
    const Reference r(fgm);
    CHECK(difference(fgm.gradients(), pgd_class(r, 1, 1, 1)) < 1e-5);
    CHECK(difference(pgd.gradients(), pgd_class(r, 1, 0.3, 3)) < 1e-5);
    CHECK(difference(pgd.gradients(), pgd_class(r, 1, 1, 1)) > 1e-3);
}

TEST_CASE("the same on vectors: the norm over a text's tokens, or over each of them") {
    for (const char *threat : {whole, tokens}) {
        const std::size_t ball = threat == tokens ? TextNet::width : TextNet::d;
        CAPTURE(ball);
        for (const bool one_step : {true, false}) {
            CAPTURE(one_step);
            Training t(on_text(one_step ? R"({"type":"fgm_at"})" : pgd_sum, threat));
            Reference r(t);
            Doubles wanted = r.gradient(r.weights);
            for (std::size_t row = 0; row < r.deltas.size(); ++row) {
                Doubles &delta = r.deltas[row];
                delta.assign(TextNet::d, 0);
                for (int step = 0; step < (one_step ? 1 : 3); ++step)
                    climb(delta, r.at_vectors(row, delta), one_step ? 0.5 : 0.3, 0.5, ball);
            }
            const Doubles adversarial = r.gradient(r.weights);
            for (std::size_t i = 0; i < wanted.size(); ++i) wanted[i] += adversarial[i];
            CHECK(difference(t.gradients(), wanted) < 1e-5);
        }
    }
}

TEST_CASE("pgd_at weighs both losses as it is told, one to one minus the share unless told") {
    const auto gradients = [](const std::string &weights) {
        return Training(
                   on_text(R"({"type":"pgd_at",)" + weights + R"("attack":{"type":"fgm"}})", whole))
            .gradients();
    };
    const Floats adversarial = gradients(""), sum = gradients(R"("clean_weight":1,"weight":1,)");
    const Floats clean = plus(sum, adversarial, -1);
    CHECK(difference(gradients(R"("clean_weight":0.25,)"),
                     plus(plus(Floats(clean.size()), clean, 0.25F), adversarial, 0.75F)) < 1e-5);
    CHECK(difference(gradients(R"("weight":2,)"), plus(adversarial, adversarial)) < 1e-5);
    CHECK(difference(gradients(R"("clean_weight":1,)"), clean) < 1e-4);
}

TEST_CASE("every method for text keeps to the balls of tokens") {
    for (const char *method : {R"({"type":"freelb","steps":3})", R"({"type":"free","replays":2})",
                               R"({"type":"smart","proximity":0})", R"({"type":"alum"})",
                               R"({"type":"vat"})", R"({"type":"fgm_at"})", R"({"type":"pgd_at"})",
                               R"({"type":"yopo","passes":2,"inner_steps":3,"step_size":0.4})"}) {
        CAPTURE(method);
        for (const char *norm : {"l2", "linf", "l1"}) {
            CAPTURE(norm);
            Training t(on_text(method, R"({"norm":")" + std::string(norm) +
                                           R"(","eps":0.5,"space":"embedding","group":"token"})"));
            t.gradients();
            spar::host::FencedMatrix x;
            t.network().embed(t.batch(), x);
            const Floats adv = t.tensor("x_adv");
            const spar_threat threat = t.threat();
            const spar::Ball ball(threat, t.network().shape());
            REQUIRE(ball.token == TextNet::width);
            double most = 0, reach = 0;
            for (std::int64_t row = 0; row < t.batch().count; ++row) {
                const std::span<const float> there(adv.data() + std::size_t(row) * TextNet::d,
                                                   TextNet::d);
                most = std::max(most, ball.distance(x[row], there));
                reach =
                    std::max(reach, spar::Ball(threat_of_whole(threat)).distance(x[row], there));
                for (std::size_t i = 0; i < TextNet::d; ++i)
                    if (t.batch().mask[std::size_t(row) * TextNet::length + i / TextNet::width] ==
                        0)
                        CHECK(there[i] == x[row][i]);
            }
            CHECK(most <= ball.limit());
            if (std::string(norm) != "linf") CHECK(reach > 0.55);  // beyond one ball of the text
        }
    }
}

TEST_CASE("freelb drops the same values in all passes unless told to draw anew") {
    const auto gradients = [](const char *method) {
        Choices c = on_text(method, whole);
        c.model =
            R"({"type":"sequential","layers":[{"type":"embedding","dim":6},{"type":"mean_pool"},
            {"type":"dropout","p":0.5},{"type":"linear","out":5},{"type":"tanh"},
            {"type":"linear","out":3}]})";
        return Training(c).gradients();
    };
    // Without a start and without steps the path stays where it began.
    const Floats natural = gradients(R"({"type":"natural"})");
    CHECK(difference(gradients(R"({"type":"freelb","steps":3,"init":0,"step_size":0})"), natural) <
          1e-6);
    CHECK(difference(
              gradients(R"({"type":"freelb","steps":3,"init":0,"step_size":0,"same_masks":false})"),
              natural) > 0.05);
}

TEST_CASE("freelb begins within init over the root of a text's own number of values") {
    Training t(on_text(R"({"type":"freelb","init":0.3})", whole));
    t.gradients();
    spar::host::FencedMatrix x;
    t.network().embed(t.batch(), x);
    const Floats start = t.tensor("start");
    double closest = 0;
    for (std::int64_t row = 0; row < t.batch().count; ++row) {
        std::int64_t values = 0;
        double most = 0;
        for (std::size_t i = 0; i < TextNet::d; ++i) {
            const bool token =
                t.batch().mask[std::size_t(row) * TextNet::length + i / TextNet::width] != 0;
            values += token ? 1 : 0;
            const double moved =
                std::abs(double{start[std::size_t(row) * TextNet::d + i]} - x[row][i]);
            if (!token) CHECK(moved == 0);
            most = std::max(most, moved);
        }
        const double bound = 0.3 / std::sqrt(double(values));
        CHECK(most <= bound * (1 + 1e-5));
        closest = std::max(closest, most / bound);
    }
    CHECK(closest > 0.9);
}

TEST_CASE("free begins anew with every batch of text, where positions mean other words") {
    Training t(on_text(R"({"type":"free","replays":1})", whole, 4));
    t.step();
    t.gradients();
    spar::host::FencedMatrix x;
    t.network().embed(t.batch(), x);
    CHECK(t.tensor("x_adv") == Floats(x.data(), x.data() + x.count() * x.width()));
}

TEST_CASE("free goes on from replay to replay of one text, and moves no padding") {
    Training t(on_text(R"({"type":"free","replays":3,"step":0.4})", whole, 4));
    t.gradients();
    const Floats delta = t.tensor("delta");
    double most = 0;
    for (std::int64_t row = 0; row < t.batch().count; ++row) {
        const std::span<const float> own(delta.data() + std::size_t(row) * TextNet::d, TextNet::d);
        most = std::max(most, spar::norm_l2(own));
        for (std::size_t i = 0; i < TextNet::d; ++i)
            if (t.batch().mask[std::size_t(row) * TextNet::length + i / TextNet::width] == 0)
                CHECK(own[i] == 0);
    }
    CHECK(most > 0.21);  // more than one step of 0.2
    CHECK(most <= 0.5 * (1 + 1e-5));
}

TEST_CASE("yopo steps through the first stage of a model of text, as the whole model would") {
    // With one step after the one pass, x moves along the gradient of the whole model there.
    Training yopo(on_text(R"({"type":"yopo","passes":1,"inner_steps":1,"step_size":0.2})", whole));
    yopo.gradients();
    const Floats start = yopo.tensor("start"), end = yopo.tensor("x_adv");
    const Reference r(yopo);
    spar::host::FencedMatrix x;
    yopo.network().embed(yopo.batch(), x);
    for (std::size_t row = 0; row < std::size_t(yopo.batch().count); ++row) {
        Doubles delta(TextNet::d);
        for (std::size_t i = 0; i < TextNet::d; ++i)
            delta[i] = double{start[row * TextNet::d + i]} - x[std::int64_t(row)][i];
        const Doubles g = r.at_vectors(row, delta);
        climb(delta, g, 0.2, 0.5, TextNet::d);
        for (std::size_t i = 0; i < TextNet::d; ++i)
            CHECK(double{end[row * TextNet::d + i]} - x[std::int64_t(row)][i] ==
                  doctest::Approx(delta[i]).epsilon(1e-3));
    }
}
