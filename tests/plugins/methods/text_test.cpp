// Methods on text: what they carry from batch to batch.
#include "tiny_net.hpp"

using namespace spar::test;

TEST_CASE("free begins anew with every batch of text, where positions mean other words") {
    const Choices text{.method = R"({"type":"free","replays":1})",
                       .data = R"({"type":"tiny_data","kind":"text"})",
                       .threat = R"({"norm":"l2","eps":0.5,"space":"embedding"})",
                       .batch_size = 4};
    Training t(text);
    t.step();
    t.gradients();
    spar::host::FencedMatrix x;
    t.network().embed(t.batch(), x);
    CHECK(t.tensor("x_adv") == Floats(x.data(), x.data() + x.count() * x.width()));
}
