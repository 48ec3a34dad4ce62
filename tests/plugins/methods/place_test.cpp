// Where a row lies in memory changes no bit of what a method makes of it: rows of seven values lie
// at every distance from an aligned address.
#include "training.hpp"

using namespace spar::test;

TEST_CASE("an example that occurs in a batch eight times gives the same result eight times") {
    const std::pair<const char *, const char *> methods[] = {
        {R"({"type":"n_fgsm"})", "x_adv"},
        {R"({"type":"freelb"})", "x_adv"},
        {R"({"type":"free","replays":1,"stop_at_box":true})", "x_adv"},
        {R"({"type":"vat"})", "x_adv"},
        {R"({"type":"smart","steps":2,"proximity":0})", "x_adv"},
        {R"({"type":"alum","steps":2})", "x_adv"},
        {R"({"type":"grad_align","lambda":0.2})", "noisy"},
        {R"({"type":"input_gradient_penalty","weight":1,"method":{"type":"natural"}})", "gradient"},
    };
    for (const auto &[method, tensor] : methods) {
        CAPTURE(std::string(method));
        for (const char *norm : {"linf", "l2"}) {
            Training t({.method = method,
                        .data = R"({"type":"tiny_data","width":7})",
                        .threat = R"({"norm":")" + std::string(norm) + R"(","eps":0.3})"});
            t.repeat(5);
            t.gradients();
            const Floats rows = t.tensor(tensor);
            REQUIRE(rows.size() == 8 * 7);
            for (std::size_t i = 7; i < rows.size(); ++i) CHECK(rows[i] == rows[i % 7]);
        }
    }
}
