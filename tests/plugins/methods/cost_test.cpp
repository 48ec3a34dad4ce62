// What a step costs in passes, as the published cost model counts them, and what it reports.
#include "training.hpp"

using namespace spar::test;

namespace {

struct Cost {
    const char *method;
    double forward, backward;  // passes over the batch
};

const Cost costs[] = {
    {R"({"type":"natural"})", 1, 1},
    {R"({"type":"fgsm_at"})", 2, 2},
    {R"({"type":"n_fgsm"})", 2, 2},
    {R"({"type":"pgd_at","attack":{"type":"pgd","steps":7}})", 8, 8},
    {R"({"type":"pgd_at","clean_weight":0.5,"attack":{"type":"pgd","steps":7}})", 9, 9},
    {R"({"type":"free","replays":5})", 5, 5},
    {R"({"type":"yopo","passes":5,"inner_steps":10})", 5, 5},
    // the clean outputs for the attack once, not at every step
    {R"({"type":"trades","attack":{"type":"pgd","steps":10,"start_noise":0.001}})", 13, 12},
    {R"({"type":"mart","attack":{"type":"pgd","steps":10,"start_noise":0.001}})", 12, 12},
    {R"({"type":"awp","method":{"type":"pgd_at","attack":{"type":"pgd","steps":3}}})", 5, 5},
    {R"({"type":"grad_align"})", 5, 5},
    {R"({"type":"grad_align","lambda":0})", 3, 3},
    {R"({"type":"fgm_at"})", 2, 2},
    {R"({"type":"freelb","steps":3})", 3, 3},
    {R"({"type":"smart","proximity":0})", 3, 3},
    {R"({"type":"smart"})", 4, 3},
    {R"({"type":"alum"})", 3, 3},
    {R"({"type":"vat"})", 3, 3},
    {R"({"type":"r3f"})", 2, 2},
    {R"({"type":"mixed_batch_at","share":0.5,"attack":{"type":"fgsm"}})", 1.5, 1.5},
    {R"({"type":"mixed_batch_at","share":0,"attack":{"type":"fgsm"}})", 1, 1},
    {R"({"type":"input_gradient_penalty","weight":0.1})", 4, 4},
};

}  // namespace

TEST_CASE("the passes of a step") {
    for (const Cost &cost : costs) {
        CAPTURE(cost.method);
        Training t({.method = cost.method});
        for (int step = 1; step <= 2; ++step) {
            t.step();
            CHECK(t.network().forward_examples == std::int64_t(cost.forward * 8 * step));
            CHECK(t.network().backward_examples == std::int64_t(cost.backward * 8 * step));
        }
    }
}

TEST_CASE("a step is the same whatever ran before it, and every method trains") {
    for (const Cost &cost : costs) {
        CAPTURE(cost.method);
        Training a({.method = cost.method}), b({.method = cost.method});
        b.gradients();  // nothing of it may be left but what is saved
        const bool carries = std::string(cost.method).find("\"free\"") != std::string::npos;
        if (!carries) CHECK(a.gradients() == b.gradients());
        const double before = [&] {
            Training natural({.method = R"({"type":"natural"})"});
            natural.gradients();
            return natural.outcome.loss;
        }();
        Training t({.method = cost.method, .epochs = 40});
        for (int step = 0; step < 120; ++step) t.step();
        Training natural({.method = R"({"type":"natural"})"});
        natural.set_weights(t.weights());
        natural.gradients();
        CHECK(natural.outcome.loss < 0.9 * before);
    }
}

TEST_CASE("the last batch of an epoch may be smaller") {
    for (const Cost &cost : costs) {
        CAPTURE(cost.method);
        Training t({.method = cost.method, .batch_size = 10});  // of 24
        for (int step = 0; step < 5; ++step) t.step();
        for (const float w : t.weights()) REQUIRE(std::isfinite(w));
    }
}

TEST_CASE("a method with saved tensors resumes from a checkpoint as if it had not stopped") {
    for (const char *method :
         {R"({"type":"free","replays":3})", R"({"type":"smart","beta":0.9})",
          R"({"type":"awp","method":{"type":"smart","beta":0.9}})", R"({"type":"yopo"})"}) {
        CAPTURE(method);
        const Choices choices{.method = method};
        const Folder folder;
        const auto file = folder.path() / "last.safetensors";
        Training whole(choices), stopped(choices), resumed(choices);
        for (int step = 0; step < 5; ++step) whole.step();
        for (int step = 0; step < 2; ++step) stopped.step();
        spar::host::TrainingState state;
        state.step = 2;
        save_checkpoint(stopped.task(file), state, {});
        spar::host::TrainingState found;
        load_checkpoint(resumed.task(file), found, false);
        resumed.skip_to(found.step);
        for (int step = 0; step < 3; ++step) resumed.step();
        CHECK(resumed.weights() == whole.weights());
    }
}
