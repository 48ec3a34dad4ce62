#include <spar/method.hpp>

namespace {

class Natural final : public spar::Method {
  public:
    static constexpr spar::About about{.type = "natural",
                                       .summary = "Ordinary training on the clean examples.",
                                       .formula = "min_w mean_i l(f_w(x_i), y_i)",
                                       .reference = "",
                                       .example = R"({
  "version": 2, "name": "natural",
  "data": {"train": {"type": "digits", "examples": 64}},
  "model": {"type": "sequential", "layers": [{"type": "flatten"}, {"type": "linear", "out": 10}]},
  "train": {"method": {"type": "natural"}, "loss": {"type": "cross_entropy"},
            "optimizer": {"type": "sgd", "lr": 0.1}, "epochs": 1, "batch_size": 32}
})"};

    spar::Fit fit() const override { return spar::Fit::anything(); }

    void gradients(const spar::Session &session) override {
        session.pass({.weight = session.mean()});
    }
};

}  // namespace

SPAR_PLUGIN("natural", "1.0.0", Natural)
