#include "archive.hpp"
#include "npy.hpp"

namespace {

class Npz : public spar::Dataset {
  public:
    static constexpr spar::About about{
        .type = "npz",
        .summary = "Examples and targets from two arrays of a NumPy archive (numpy.savez).",
        .formula =
            "x: bytes become values in [0,1] as byte/255, other types are taken as they are, "
            "[n, h, w] becomes n images [1, h, w]; y: integers are classes, fractions are "
            "target values",
        .reference = "NumPy, numpy.lib.format",
        .example = R"({"version":1,"name":"npz","seed":1,
 "data":{"train":{"type":"npz","file":"train.npz"},"test":{"type":"npz","file":"test.npz"}},
 "model":{"type":"sequential","layers":[{"type":"flatten"},{"type":"linear","out":10}]},
 "threat":{"norm":"linf","eps":0.1},
 "train":{"method":{"type":"natural"},"loss":{"type":"cross_entropy"},
          "optimizer":{"type":"sgd","lr":0.05},"epochs":1,"batch_size":100},
 "evaluate":{"examples":100,"attacks":[{"type":"fgsm"}]}})",
    };

    spar::Path file{this, "file", "the archive"};
    spar::Text x{this, "x", "name of the array of examples, [n, ...]", {.fallback = "x"}};
    spar::Text y{this, "y", "name of the array of targets, [n] or [n, values]", {.fallback = "y"}};
    spar::Integer classes{this,
                          "classes",
                          "number of classes; left out, the highest label and one",
                          {.min = 1, .max = datasets::most_classes, .optional = true}};
    spar::Number lower{this, "lower", "least value an example may hold", {.fallback = 0}};
    spar::Number upper{this, "upper", "greatest value an example may hold", {.fallback = 1}};

    void configure() override {
        if (*lower >= *upper) throw spar::invalid("upper must be greater than lower", "/upper");
    }

    spar::DatasetInfo info() override {
        if (info_.size == 0) open();
        return info_;
    }

    void read(std::int64_t index, const spar::ExampleOut &out) override {
        values_.read(index, out.x);
        if (info_.target == SPAR_TARGET_CLASS)
            *out.label = labels_.values[static_cast<std::size_t>(index)];
        else
            targets_.read(index, out.values);
    }

    std::vector<std::string> files() const override { return {*file}; }

  private:
    void open() {
        const npz::Archive archive(*file);
        const auto x_member = *x + ".npy", y_member = *y + ".npy";
        const datasets::Bytes x_bytes = archive.read(x_member), y_bytes = archive.read(y_member);
        const datasets::Array inputs = npz::parse_npy(*file + "/" + x_member, x_bytes);
        const datasets::Array targets = npz::parse_npy(*file + "/" + y_member, y_bytes);
        spar::DatasetInfo info{
            .shape = datasets::example_shape(inputs), .lower = *lower, .upper = *upper};
        datasets::check_counts(inputs, targets);
        if (targets.type.integer()) {
            labels_ = datasets::read_labels(targets, classes.value_or(0));
            info.outputs = labels_.classes;
        } else {
            read_targets(targets, info);
        }
        values_ = datasets::Values(inputs, {*lower, *upper});
        info.size = inputs.count();
        info_ = info;
    }

    void read_targets(const datasets::Array &targets, spar::DatasetInfo &info) {
        if (targets.shape.size() > 2 || targets.elements() == 0)
            throw datasets::wrong(targets.path, "has the dimensions " +
                                                    spar::shape_text(targets.shape) +
                                                    ", expected target values [n] or [n, values]");
        if (classes.given())
            throw spar::invalid(
                "the targets are fractions, so there are no classes to count; save y "
                "as integers or leave classes out",
                "/classes");
        constexpr double any = std::numeric_limits<float>::max();
        targets_ = datasets::Values(targets, {-any, any});
        info.target = SPAR_TARGET_VALUES;
        info.outputs = targets.width();
    }

    spar::DatasetInfo info_;
    datasets::Values values_, targets_;
    datasets::Labels labels_;
};

}  // namespace

SPAR_PLUGIN("npz", "1.0.0", Npz)
