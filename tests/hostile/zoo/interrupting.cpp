// Another dataset's examples, and a signal to the own process with example SPAR_TEST_STOP_AFTER.
#include <spar/dataset.hpp>

#include <csignal>
#include <cstdlib>
#include <utility>

namespace {

bool raised = false;

class Interrupting final : public spar::Dataset {
  public:
    static constexpr spar::About about{
        .type = "interrupting",
        .summary = "Hands on the examples of another dataset and stops the run among them.",
    };

    spar::Child data{this, "data", SPAR_KIND_DATASET, "whose examples to hand on"};

    void configure() override {
        const char *after = std::getenv("SPAR_TEST_STOP_AFTER");
        left_ = after != nullptr ? std::atoi(after) : -1;
        raised = false;
    }

    spar::DatasetInfo info() override {
        spar_dataset_info of_child{};
        of_child.struct_size = sizeof of_child;
        spar::checked([&](spar_error *e) { return table().info(self(), &of_child, e); });
        spar::DatasetInfo info;
        info.size = of_child.size;
        info.shape.assign(of_child.shape, of_child.shape + of_child.rank);
        info.outputs = of_child.outputs;
        info.input = of_child.input;
        info.target = of_child.target;
        info.vocabulary = of_child.vocabulary;
        info.lower = of_child.lower;
        info.upper = of_child.upper;
        return info;
    }

    void read(std::int64_t index, const spar::ExampleOut &out) override {
        // Once a run: a second signal would end the process.
        if (left_ >= 0 && left_-- == 0 && !std::exchange(raised, true)) std::raise(SIGTERM);
        const spar::DatasetInfo about_child = info();
        std::vector<std::int64_t> shape = about_child.shape;
        shape.insert(shape.begin(), 1);
        const bool tokens = !out.tokens.empty(), texts = about_child.input == SPAR_INPUT_TEXT;
        spar::View x(tokens ? static_cast<const void *>(out.tokens.data()) : out.x.data(),
                     tokens ? spar::View::int64 : spar::View::float32, shape);
        spar::View mask(out.mask.data(), spar::View::float32, shape);
        spar::checked([&](spar_error *e) {
            return table().read(self(), &index, 1, texts ? nullptr : x.view(),
                                tokens ? mask.view() : nullptr, out.label,
                                out.values.empty() ? nullptr : out.values.data(), e);
        });
    }

    std::string text(std::int64_t index) override {
        const char *text = nullptr;
        spar::checked([&](spar_error *e) { return table().text(self(), index, &text, e); });
        return text;
    }

  private:
    const spar_dataset_table &table() const {
        return *static_cast<const spar_dataset_table *>(data.ref()->table);
    }
    void *self() const { return data.ref()->self; }

    int left_ = -1;
};

}  // namespace

SPAR_PLUGIN("interrupting", "1.0.0", Interrupting)
