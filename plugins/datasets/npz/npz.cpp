#include "../common/images.hpp"
#include "npy.hpp"
#include "targets.hpp"

namespace {

class Npz : public spar::Dataset {
  public:
    static constexpr spar::About about{
        .type = "npz",
        .summary = "Examples and targets from two arrays of a NumPy archive (numpy.savez).",
        .formula =
            "x: images are [n, channels, height, width], and [n, h, w] becomes n images [1, h, w]; "
            "bytes become values in [0,1] as byte/255, or stay as they are in the box [0,255]; "
            "other types are taken as they are. y: integers and one-hot rows are classes, "
            "fractions are target values",
        .reference = "NumPy, numpy.lib.format",
        .example = R"({"version":2,"name":"npz","seed":1,
 "data":{"train":{"type":"npz","file":"train.npz"},"test":{"type":"npz","file":"test.npz"}},
 "model":{"type":"sequential","layers":[{"type":"flatten"},{"type":"linear","out":10}]},
 "threat":{"norm":"linf","eps":0.1},
 "train":{"method":{"type":"natural"},"loss":{"type":"cross_entropy"},
          "optimizer":{"type":"sgd","lr":0.05},"epochs":1,"batch_size":100},
 "evaluate":{"examples":100,"attacks":[{"type":"fgsm"}]}})",
    };

    spar::Path file{this, "file", "the archive"};
    spar::Text x{this, "x", "name of the array of examples, [n, ...]", {.fallback = "x"}};
    spar::Text y{
        this,
        "y",
        "name of the array of targets: labels [n] or [n, 1], one-hot rows [n, classes], or "
        "values [n] or [n, values]",
        {.fallback = "y"}};
    spar::Choice targets{this,
                         "targets",
                         "what y means: classes (labels or one-hot rows, of any type of number) or "
                         "values (of regression); left out, integers and one-hot rows are classes "
                         "and fractions values",
                         {"classes", "values"},
                         {.optional = true}};
    datasets::ImageFields fields{this};

    void configure() override { fields.check(); }

    spar::DatasetInfo info() override {
        if (info_.size == 0) open();
        return info_;
    }

    void read(std::int64_t index, const spar::ExampleOut &out) override {
        values_.read(index, out.x);
        if (info_.target == SPAR_TARGET_CLASS)
            *out.label = labels_[index];
        else
            target_values_.read(index, out.values);
    }

    std::vector<std::string> files() const override { return {*file}; }

  private:
    void open() {
        const npz::Archive archive(*file);
        npz::Member x_member = archive.open(*x + ".npy"), y_member = archive.open(*y + ".npy");
        const datasets::Header examples =
            datasets::as_examples(npz::read_header(x_member), fields, *this);
        const datasets::Header header = npz::read_header(y_member);
        datasets::check_counts(examples, header);
        spar::DatasetInfo info{.size = examples.count(),
                               .shape = {examples.shape.begin() + 1, examples.shape.end()},
                               .lower = *fields.lower,
                               .upper = *fields.upper};
        const npz::Bytes y_bytes = npz::read_elements(y_member, header);
        read_targets({header, y_bytes}, info);
        const npz::Bytes x_bytes = npz::read_elements(x_member, examples);
        values_ = datasets::read_values({examples, x_bytes}, fields.bounds(), *this);
        info_ = info;
    }

    void read_targets(const datasets::Array &array, spar::DatasetInfo &info) {
        if (auto labels = npz::as_labels(array, targets, fields, *this)) {
            labels_ = *std::move(labels);
            info.outputs = labels_.classes();
            return;
        }
        target_values_ = npz::as_values(array);
        info.target = SPAR_TARGET_VALUES;
        info.outputs = array.width();
    }

    spar::DatasetInfo info_;
    datasets::Values values_, target_values_;
    datasets::Labels labels_;
};

}  // namespace

SPAR_PLUGIN("npz", "1.0.0", Npz)
