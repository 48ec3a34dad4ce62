// Components that count their calls and answer by the count, so that a run that is stopped and goes
// on ends otherwise unless they remember it. With FORGETFUL they are another version, which keeps
// nothing.
#include "plain.hpp"

#include <algorithm>
#include <atomic>

namespace {

#if !defined(FORGETFUL)

/// Writes more than the host takes.
void write_endlessly(const spar::StateOut &out) {
    const std::vector<char> block(1 << 24);
    for (int i = 0; i < 20; ++i) out.write(std::span<const char>(block));
}

void save_count(const spar::StateOut &out, const spar::Choice &how, std::int64_t count) {
    if (how.is("save_fails")) throw spar::Error(SPAR_E_INTERNAL, "the notebook is full");
    if (how.is("save_is_endless")) write_endlessly(out);
    if (how.is("hides_endless_save")) try {
            write_endlessly(out);
        } catch (const spar::Error &) {
        }
    out.write(count);
}

std::int64_t loaded_count(const spar::StateIn &in, const spar::Choice &how) {
    std::int64_t count[2] = {};
    if (how.is("load_fails")) throw spar::bad_data("the notebook is torn");
    if (how.is("load_reads_more"))
        in.read(std::span(count));
    else if (how.is("hides_reading_more"))
        try {
            in.read(std::span(count));
        } catch (const spar::Error &) {
        }
    if (how.is("load_reads_less"))
        in.read(std::span(count).first(0));
    else if (!how.is("hides_reading_more"))
        in.read(count[0]);
    return count[0];
}

#endif

#define ZOO_ABOUT(kind_word)                                                                   \
    static constexpr spar::About about{.type = "remembering_" kind_word,                       \
                                       .summary = "Counts what it is asked."};                 \
    spar::Choice how{this,                                                                     \
                     "how",                                                                    \
                     "what is wrong with its memory",                                          \
                     {"", "save_fails", "save_is_endless", "hides_endless_save", "load_fails", \
                      "load_reads_more", "hides_reading_more", "load_reads_less"},             \
                     {.fallback = ""}};                                                        \
    mutable std::atomic<std::int64_t> count{0};

#if defined(FORGETFUL)
#define ZOO_REMEMBERS(kind_word) ZOO_ABOUT(kind_word)
#else
#define ZOO_REMEMBERS(kind_word)                 \
    ZOO_ABOUT(kind_word)                         \
    void save(const spar::StateOut &out) const { \
        save_count(out, how, count);             \
    }                                            \
    void load(const spar::StateIn &in) {         \
        count = loaded_count(in, how);           \
    }
#endif

struct Dataset final : zoo::Dataset {
    ZOO_REMEMBERS("dataset")
    void read(std::int64_t index, const spar::ExampleOut &out) override {
        zoo::Dataset::read(index, out);
        if (++count % 3 == 0) out.x[0] = 1 - out.x[0];
    }
};

struct Model final : zoo::Model {
    ZOO_REMEMBERS("model")
    void pass(const spar_pass &pass) override {
        zoo::Model::pass(pass);
        if ((pass.wants & SPAR_WANT_PARAMETER_GRADIENTS) != 0)
            gradient[0] += 0.1F * static_cast<float>(++count % 5);
    }
};

struct Loss final : zoo::Loss {
    ZOO_REMEMBERS("loss")
};

struct Optimizer final : zoo::Optimizer {
    ZOO_REMEMBERS("optimizer")
    void update(const spar::Update &update) const override {
        zoo::Optimizer::update(update);
        update.parameter[1] += 0.01F * static_cast<float>(++count % 5);
    }
};

struct Attack final : zoo::Attack {
    ZOO_REMEMBERS("attack")
    void perturb(const spar::Oracle &oracle, const spar::AttackBatch &batch) override {
        const auto step =
            static_cast<float>(batch.threat().eps) * static_cast<float>(++count % 4) / 8;
        for (std::int64_t row = 0; row < batch.count(); ++row)
            for (float &value : batch.x_adv()[row]) value = std::min(value + step, 1.0F);
        zoo::Attack::perturb(oracle, batch);
    }
};

struct Method final : zoo::Method {
    ZOO_REMEMBERS("method")
    spar::Child attack{this, "attack", SPAR_KIND_ATTACK, "what it trains against"};
    void gradients(const spar::Session &session) override {
        const spar::Rows<float> x_adv = session.points("x_adv");
        session.attack(attack, x_adv.data());
        const auto part = static_cast<double>(1 + ++count % 3);
        session.pass({.x = x_adv.data(), .weight = part * session.mean()});
    }
};

struct Transform final : zoo::Transform {
    ZOO_REMEMBERS("transform")
};

}  // namespace

SPAR_PLUGIN("remembering", "1.0.0", Dataset, Model, Loss, Optimizer, Attack, Method, Transform)
