// Components that do nothing, with parameters of every form: for tests of what the host makes of a
// pipeline. They are real plugins all the same.
#include <spar/attack.hpp>
#include <spar/dataset.hpp>
#include <spar/loss.hpp>
#include <spar/method.hpp>
#include <spar/model.hpp>
#include <spar/optimizer.hpp>
#include <spar/reporter.hpp>

namespace {

class Points final : public spar::Dataset {
  public:
    static constexpr spar::About about{.type = "points", .summary = "Examples that are all zero."};
    spar::Integer size{this, "size", "examples", {.fallback = 10, .min = 1}};
    spar::Path file{this, "file", "a file that is not read", {.optional = true}};
    spar::DatasetInfo info() override { return {.size = *size, .shape = {2}, .outputs = 2}; }
    void read(std::int64_t, const spar::ExampleOut &) override {}
};

struct Layer : spar::Record {};
const std::vector<spar::Variant<Layer>> &layers();

struct Dense final : Layer {
    spar::Integer out{this, "out", "outputs", {.min = 1}};
    spar::Boolean bias{this, "bias", "adds a constant", {.fallback = true}};
};
struct Block final : Layer {
    spar::Variants<Layer> inner{this, "layers", "what it repeats", "layer", layers};
};
const std::vector<spar::Variant<Layer>> &layers() {
    static const std::vector<spar::Variant<Layer>> all = {
        spar::variant<Layer, Dense>("dense", "A matrix."),
        spar::variant<Layer, Block>("block", "Layers in a row.")};
    return all;
}

class Net final : public spar::Model {
  public:
    static constexpr spar::About about{.type = "net", .summary = "Layers that compute nothing."};
    spar::Variants<Layer> parts{this, "layers", "from input to output", "layer", layers};
    void setup(const spar_model_setup &) override {}
    std::int64_t outputs() const override { return 2; }
    std::int64_t parameter_count() const override { return 0; }
    void parameter(std::int64_t, spar_parameter &) override {}
    void parameters_changed() override {}
    void pass(const spar_pass &) override {}
    void backward(std::int32_t, const float *, spar_wants, float *) override {}
};

class Square final : public spar::Loss {
  public:
    static constexpr spar::About about{.type = "square", .summary = "Nothing, squared."};
    double evaluate(const spar::LossRow &) const override { return 0; }
};

class Step final : public spar::Optimizer {
  public:
    static constexpr spar::About about{.type = "step", .summary = "Takes no step."};
    spar::Number lr{this, "lr", "rate", {.fallback = 0.1, .above = 0, .unit = "1/loss"}};
    std::vector<const char *> state() const override { return {}; }
    void update(const spar::Update &) const override {}
};

class Push final : public spar::Attack {
  public:
    static constexpr spar::About about{
        .type = "push",
        .summary = "Pushes nothing.",
        .formula = "x_adv = x",
        .reference = "Newton 1687",
        .example = R"({"version": 1})",
        .version_1 =
            R"({"steps": "20", "step_size": "3", "start": {"norm": "l1", "was": "\"zero\""}})"};
    spar::Integer steps{this, "steps", "how often", {.fallback = 10, .min = 1, .max = 1000}};
    spar::Number size{this, "step_size", "how far", {.above = 0, .optional = true}};
    spar::Choice start{this, "start", "where from", {"random", "zero"}, {.fallback = "random"}};
    spar::Numbers radii{
        this, "radii", "some numbers", {.min = 0}, {.max_items = 3, .optional = true}};
    void perturb(const spar::Oracle &, const spar::AttackBatch &) override {}
};

class Chain final : public spar::Attack {
  public:
    static constexpr spar::About about{.type = "chain", .summary = "One attack after another."};
    spar::Children attacks{this, "attacks", SPAR_KIND_ATTACK, "in this order"};
    void perturb(const spar::Oracle &, const spar::AttackBatch &) override {}
};

/// Its default is made of itself, without an end.
class Hall final : public spar::Attack {
  public:
    static constexpr spar::About about{.type = "hall", .summary = "A hall of mirrors."};
    spar::Child mirror{
        this, "mirror", SPAR_KIND_ATTACK, "itself", {.fallback = R"({"type":"hall"})"}};
    void perturb(const spar::Oracle &, const spar::AttackBatch &) override {}
};

class Plain final : public spar::Method {
  public:
    static constexpr spar::About about{.type = "plain", .summary = "Trains nothing."};
    spar::Child attack{this,
                       "attack",
                       SPAR_KIND_ATTACK,
                       "crafts what it trains on",
                       {.fallback = R"({"type":"push","steps":3})"}};
    void gradients(const spar::Session &) override {}
};

class Quiet final : public spar::Reporter {
  public:
    static constexpr spar::About about{.type = "quiet", .summary = "Says nothing."};
    void begin(const spar_run &) override {}
    void finish(const spar::Results &) override {}
};

}  // namespace

SPAR_PLUGIN("toys", "1.2.3", Points, Net, Square, Step, Push, Chain, Hall, Plain, Quiet)
